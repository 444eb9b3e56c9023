import { expect, test } from 'vitest';

import { FakeEditor } from './fake-editors';
import { notesAt } from './office';

const COMMENTED = {
  type: 'doc',
  content: [
    {
      type: 'paragraph',
      attrs: { textAlign: 'center', dir: 'rtl' },
      content: [
        { type: 'text', text: 'said ', marks: [{ type: 'comment', attrs: { id: '1', author: 'Ada', text: 'Really?' } }] },
        { type: 'text', text: 'gone', marks: [{ type: 'deletion', attrs: { author: 'Bo', at: '' } }] },
        { type: 'opaque', attrs: { id: 'x', kind: 'field', text: '3' } },
      ],
    },
  ],
};

test('what a word processor says is shown, and told where the caret is', () => {
  const { editor } = new FakeEditor(1);
  editor.commands.setContent(COMMENTED);
  const html = editor.getHTML();
  expect(html).toContain('dir="rtl"');
  expect(html).toContain('text-align: center');
  expect(html).toContain('role="deletion"');
  expect(html).toContain('aria-label="Field: 3"');
  expect(notesAt(editor.state.doc, 3)).toEqual(['Comment by Ada: Really?']);
  expect(notesAt(editor.state.doc, 6)).toEqual(['Comment by Ada: Really?', 'Deleted by Bo']);
});

test('who types within a change that somebody made says it themselves', () => {
  const { editor } = new FakeEditor(1);
  editor.commands.setContent(COMMENTED);
  const { view } = editor;
  const taken = view.someProp('handleTextInput', (handle) => handle(view, 8, 8, 'new', () => view.state.tr));
  expect(taken).toBe(true);
  const marks = (text: string): string[] => {
    const found: string[] = [];
    editor.state.doc.descendants((node) => {
      if (node.text === text) found.push(...node.marks.map(({ type }) => type.name));
    });
    return found;
  };
  expect(marks('new')).toEqual([]);
  expect(editor.state.doc.textContent).toContain('new');
});

test('what is pasted is one’s own', () => {
  const { editor } = new FakeEditor(1);
  editor.commands.setContent(COMMENTED);
  const slice = editor.state.doc.slice(1, 10);
  const pasted = editor.view.someProp('transformPasted', (transform) => transform(slice, editor.view, false)) ?? slice;
  const names = new Set<string>();
  pasted.content.descendants((node) => {
    for (const { type } of node.marks) names.add(type.name);
  });
  expect([...names]).toEqual([]);
});
