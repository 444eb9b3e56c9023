import { afterEach, expect, test, vi } from 'vitest';

import { endAll, type FakeEditor, make, sync } from './fake-editors';
import { insertPicture, insertPictures } from './pictures';

const PIXEL = { src: 'data:image/png;base64,iVBORw0KGgo=', alt: 'dot' };
afterEach(endAll);

/** Type as a key does: into the selection. */
function type(one: FakeEditor, text: string): void {
  const { view } = one.editor;
  for (const char of text) view.dispatch(view.state.tr.insertText(char));
}

/** The blocks, by their text or their kind. */
function blocks(one: FakeEditor): string[] {
  const found: string[] = [];
  one.editor.state.doc.forEach((node) => found.push(node.isTextblock ? node.textContent : node.type.name));
  return found;
}

test('what is typed after a picture stands behind it', () => {
  const one = make(1);
  one.editor.commands.insertContent('hello');
  insertPicture(one.editor, one.editor.state.selection.from, PIXEL);
  type(one, 'typed');
  expect(blocks(one)).toEqual(['hello', 'image', 'typed']);
});

test('in an empty document, within words, and before others', () => {
  const one = make(1);
  insertPicture(one.editor, one.editor.state.selection.from, PIXEL);
  expect(blocks(one)).toEqual(['image']);
  type(one, 'behind');
  expect(blocks(one)).toEqual(['image', 'behind']);
  one.editor.commands.setTextSelection(one.editor.state.doc.content.size - 4);
  insertPicture(one.editor, one.editor.state.selection.from, PIXEL);
  type(one, '|');
  expect(blocks(one)).toEqual(['image', 'beh', 'image', '|ind']);
});

test('the picture goes where it was pasted, while others write and the person goes on', async () => {
  const [ann, bob] = [make(1), make(2)];
  ann.editor.commands.insertContent('<p>first</p><p>second</p>');
  sync(ann, bob);
  ann.editor.commands.setTextSelection(6); // behind "first"
  const file = new File([new Uint8Array([1, 2, 3])], 'dot.png', { type: 'image/png' });
  const refused = vi.fn();
  const inserted = insertPictures(ann.editor, 6, [file, new File(['x'], 'x.svg', { type: 'image/svg+xml' }), file], refused);
  bob.editor.commands.insertContentAt(0, '<p>from Bob</p>');
  sync(ann, bob);
  ann.editor.commands.focus('end');
  type(ann, ' goes on');
  await inserted;
  expect(refused).toHaveBeenCalledTimes(1);
  type(ann, '!');
  sync(ann, bob);
  expect(blocks(ann)).toEqual(['from Bob', 'first', 'image', 'image', 'second goes on!']);
  expect(bob.shared).toEqual(ann.shared);
});
