import type { Editor } from '@tiptap/core';
import { afterEach, expect, test } from 'vitest';

import { endAll, make } from './fake-editors';

afterEach(endAll);

/** What the browser asks before it writes; whether the editor wrote it itself. */
function writes({ view }: Editor, data: string): boolean {
  return !view.dom.dispatchEvent(new InputEvent('beforeinput', { inputType: 'insertText', data, bubbles: true, cancelable: true }));
}

test('words without a key take the place of a node that is selected', () => {
  const { editor } = make(1);
  editor.commands.setContent('<p>before</p><hr><p>after</p>');
  editor.commands.setNodeSelection(8);
  expect(writes(editor, '🎉')).toBe(true);
  expect(editor.state.doc.children.map((node) => node.textContent)).toEqual(['before', '🎉', 'after']);
});

test('where there is a caret, the browser writes', () => {
  const { editor } = make(1);
  editor.commands.setContent('<p>before</p>');
  editor.commands.setTextSelection(3);
  expect(writes(editor, 'x')).toBe(false);
});
