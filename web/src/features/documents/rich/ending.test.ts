import { GapCursor } from '@tiptap/pm/gapcursor';
import { afterEach, expect, test, vi } from 'vitest';

import { goBelow } from './ending';
import { endAll, type FakeEditor, make, sync } from './fake-editors';

afterEach(endAll);

const kinds = (one: FakeEditor): string[] => one.editor.state.doc.children.map((node) => (node.isTextblock ? node.textContent : node.type.name));

test('after a table one can write, and nothing is written before', () => {
  const [ann, bob] = [make(1), make(2)];
  ann.editor.commands.setContent('<table><tr><td>a</td><td>b</td></tr></table>');
  sync(ann, bob);
  expect(kinds(bob)).toEqual(['table']);
  expect(bob.editor.view.dom.querySelector('.ending')).not.toBeNull();
  goBelow(bob.editor.view);
  expect(bob.editor.state.selection).toBeInstanceOf(GapCursor);
  sync(ann, bob);
  expect(kinds(ann)).toEqual(['table']);
  // What others write meanwhile does not move the caret into the table.
  ann.editor.commands.insertContentAt(4, 'more');
  sync(ann, bob);
  expect(bob.editor.state.selection).toBeInstanceOf(GapCursor);
  bob.editor.view.dispatch(bob.editor.state.tr.insertText('after'));
  sync(ann, bob);
  expect(kinds(ann)).toEqual(['table', 'after']);
  expect(bob.shared).toEqual(ann.shared);
  expect(bob.editor.view.dom.querySelector('.ending')).toBeNull();
});

test.each([
  ['<pre><code>x</code></pre>', ['x', 'after']],
  ['<ul><li><p>x</p></li></ul>', ['bulletList', 'after']],
  ['<blockquote><p>x</p></blockquote>', ['blockquote', 'after']],
  ['<hr>', ['horizontalRule', 'after']],
  ['<img src="https://example.com/x.png">', ['image', 'after']],
])('below %s there is a place', (html, expected) => {
  const one = make(1);
  one.editor.commands.setContent(html);
  goBelow(one.editor.view);
  one.editor.view.dispatch(one.editor.state.tr.insertText('after'));
  expect(kinds(one)).toEqual(expected);
});

test('below a paragraph nothing is added', () => {
  const one = make(1);
  one.editor.commands.setContent('<p>x</p>');
  goBelow(one.editor.view);
  expect(kinds(one)).toEqual(['x']);
});

test('a document that begins with a table opens without a warning', () => {
  const warn = vi.spyOn(console, 'warn');
  const one = make(1);
  one.editor.commands.setContent('<table><tr><td>a</td></tr></table>');
  const again = make(2, { doc: one.doc });
  expect(kinds(again)).toEqual(['table']);
  again.editor.commands.insertContentAt(4, 'x');
  expect(again.shared).toEqual(one.shared);
  expect(warn).not.toHaveBeenCalled();
});
