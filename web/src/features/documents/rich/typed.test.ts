import { afterEach, expect, test } from 'vitest';

import { endAll, make } from './fake-editors';

afterEach(endAll);

test('words without a key take the place of a node that is selected', () => {
  const { editor } = make(1);
  editor.commands.setContent('<p>before</p><hr><p>after</p>');
  editor.commands.setNodeSelection(8);
  const event = new InputEvent('beforeinput', { inputType: 'insertText', data: '🎉', bubbles: true, cancelable: true });
  editor.view.dom.dispatchEvent(event);
  expect(event.defaultPrevented).toBe(true);
  expect(editor.state.doc.children.map((node) => node.textContent)).toEqual(['before', '🎉', 'after']);
});

test('where there is a caret, the browser writes', () => {
  const { editor } = make(1);
  editor.commands.setContent('<p>before</p>');
  editor.commands.setTextSelection(3);
  const event = new InputEvent('beforeinput', { inputType: 'insertText', data: 'x', bubbles: true, cancelable: true });
  editor.view.dom.dispatchEvent(event);
  expect(event.defaultPrevented).toBe(false);
});
