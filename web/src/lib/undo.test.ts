import { afterEach, beforeEach, expect, test } from 'vitest';

import { keepUndoInItsPlace } from './undo';

let end: () => void;
let box: HTMLTextAreaElement;

beforeEach(() => {
  document.body.innerHTML = '<textarea></textarea><input type="email"><div contenteditable="true" tabindex="0">words</div>';
  box = document.querySelector('textarea') as HTMLTextAreaElement;
  end = keepUndoInItsPlace(window as unknown as Window);
});
afterEach(() => end());

function type(field: HTMLTextAreaElement | HTMLInputElement, text: string, inputType = 'insertText'): void {
  field.dispatchEvent(new InputEvent('beforeinput', { bubbles: true, cancelable: true, inputType, data: text }));
  field.value += text;
  field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType, data: text }));
}

/** Whether the browser's own undo was prevented. */
function press(target: Element, key: string, more: KeyboardEventInit = {}): boolean {
  return !target.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey: true, bubbles: true, cancelable: true, ...more }));
}

test('a field goes back and forth by words and pastes', () => {
  for (const letter of 'one two') type(box, letter);
  type(box, ' pasted', 'insertFromPaste');
  expect(press(box, 'z')).toBe(true);
  expect(box.value).toBe('one two');
  press(box, 'z');
  expect(box.value).toBe('one');
  press(box, 'z');
  expect(box.value).toBe('');
  expect(press(box, 'z')).toBe(true);
  expect(box.value).toBe('');
  press(box, 'Z', { shiftKey: true });
  expect(box.value).toBe('one');
  press(box, 'y');
  expect(box.value).toBe('one two');
});

test('what was sent does not come back', () => {
  type(box, 'sent');
  box.value = '';
  press(box, 'z');
  expect(box.value).toBe('');
  type(box, 'next');
  press(box, 'z');
  expect(box.value).toBe('');
});

test('undo of a menu goes where the caret is, whatever the browser would undo', () => {
  const editor = document.querySelector('div') as HTMLElement;
  const heard: Event[] = [];
  editor.addEventListener('beforeinput', (event) => heard.push(event));
  const undo = (target: Element): boolean =>
    !target.dispatchEvent(new InputEvent('beforeinput', { inputType: 'historyUndo', bubbles: true, cancelable: true }));
  box.focus();
  type(box, 'one');
  expect(undo(editor)).toBe(true); // its last change was there
  expect(heard).toEqual([]);
  expect(box.value).toBe('');
  type(box, 'two');
  editor.focus();
  expect(undo(box)).toBe(true);
  expect(box.value).toBe('two');
  expect(heard).toHaveLength(1);
  expect(undo(editor)).toBe(true);
  expect(heard).toHaveLength(2);
  editor.blur();
  expect(undo(box)).toBe(true);
  expect(box.value).toBe('two');
});

test('keys of other alphabets are where they are', () => {
  box.focus();
  type(box, 'слово');
  expect(press(box, 'я', { code: 'KeyZ' })).toBe(true);
  expect(box.value).toBe('');
  expect(press(box, 'н', { code: 'KeyY' })).toBe(true);
  expect(box.value).toBe('слово');
  expect(press(box, 'а', { code: 'KeyF' })).toBe(false);
});

test('a document has its own keys, a page has none', () => {
  expect(press(document.querySelector('div') as Element, 'z')).toBe(false);
  expect(press(document.body, 'z')).toBe(true);
  expect(press(box, 'z', { altKey: true })).toBe(false);
});

test('an address', () => {
  const field = document.querySelector('input') as HTMLInputElement;
  type(field, 'a@b.example', 'insertFromPaste');
  press(field, 'z');
  expect(field.value).toBe('');
});
