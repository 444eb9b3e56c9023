import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, highlightSpecialChars } from '@codemirror/view';
import { expect, test } from 'vitest';

import { unseenCharacters } from './special';

const ABOVE = 'line\n'.repeat(30);

function edit(extension: Extension): EditorView {
  const view = new EditorView({ parent: document.body, state: EditorState.create({ doc: `${ABOVE}\u200bine\n${'line\n'.repeat(100)}`, extensions: [extension] }) });
  view.dispatch({ changes: { from: ABOVE.length, to: ABOVE.length + 1, insert: 'more\n'.repeat(160) } });
  return view;
}

test('an unseen character that is replaced by many lines', () => {
  const view = edit(unseenCharacters);
  expect(view.state.doc.lines).toBe(292);
  view.dispatch({ changes: { from: 0, insert: 'a\u202eb\u0000' } });
  expect([...view.dom.querySelectorAll('.cm-specialChar')].map((one) => [one.textContent, one.getAttribute('aria-label')])).toEqual([
    ['•', 'Control character right-to-left override'],
    ['␀', 'Control character null'],
  ]);
  view.destroy();
});

test('the library still cannot do that: when it can, take its own again', () => {
  expect(() => edit(highlightSpecialChars()).destroy()).toThrow('Decorations that replace line breaks');
});
