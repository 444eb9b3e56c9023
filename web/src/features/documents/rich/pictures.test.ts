import { afterEach, expect, test, vi } from 'vitest';

import { endAll, type FakeEditor, make, sync } from './fake-editors';
import { type Look, PictureViews } from './picture-view';
import { insertPicture, insertPictures, keepEmbedded } from './pictures';

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
  const inserted = insertPictures(ann.editor, 6, [file, new File(['x'], 'x.svg', { type: 'image/svg+xml' }), file], async () => `a_${'x'.repeat(22)}`, refused);
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

test('a picture that is on its way says so, and is drawn when it is there', () => {
  const attachment = `a_${'x'.repeat(22)}`;
  let look: Look = { src: null, words: 'arriving' };
  const learn = vi.fn();
  const views = new PictureViews({ lookOf: () => look, learn });
  const one = make(1);
  const node = one.editor.schema.nodes['image']!.create({ src: `attachment:${attachment}`, alt: 'The roof' });
  const view = views.draw(node);
  const dom = view.dom as HTMLElement;
  expect(dom.textContent).toBe('The roof: arriving');
  expect(learn).toHaveBeenCalledWith(attachment);
  look = { src: `/api/attachments/${attachment}/versions/1`, words: '' };
  views.refresh();
  expect(dom.querySelector('img')?.getAttribute('src')).toBe(look.src);
  dom.querySelector('img')?.dispatchEvent(new Event('error'));
  expect(dom.textContent).toBe('The roof: this picture cannot be shown');
  // Asked for again only at another address.
  views.refresh();
  expect(dom.querySelector('img')).toBeNull();
  expect(dom.textContent).toBe('The roof: this picture cannot be shown');
  look = { src: '/elsewhere', words: '' };
  views.refresh();
  expect(dom.querySelector('img')?.getAttribute('src')).toBe('/elsewhere');
  view.destroy?.();
  look = { src: '/other', words: '' };
  views.refresh();
  expect(dom.querySelector('img')?.getAttribute('src')).toBe('/elsewhere');
});

test('copied out it has the address where it is served, pasted in the one of the document', () => {
  const one = make(1);
  const attachment = `a_${'y'.repeat(22)}`;
  insertPicture(one.editor, 1, { src: `attachment:${attachment}`, alt: '' });
  const html = one.editor.getHTML();
  expect(html).toContain(`src="/api/attachments/${attachment}/versions/1"`);
  one.editor.commands.setContent(html);
  expect(one.editor.getJSON().content?.[0]?.attrs).toMatchObject({ src: `attachment:${attachment}` });
});

test('pictures within pasted HTML become attachments; what is none stays', async () => {
  const one = make(1);
  const dot = 'data:image/png;base64,iVBORw0KGgo=';
  one.editor.commands.setContent(`<p>a</p><img src="${dot}" alt="dot"><img src="${dot}"><img src="https://example.org/x.png"><img src="data:image/gif;base64,R0lGODlh">`);
  const sent: File[] = [];
  await keepEmbedded(one.editor, async (file) => {
    sent.push(file);
    if (file.type === 'image/gif') throw new Error('no room');
    return `a_${'z'.repeat(22)}`;
  });
  expect(sent.map((file) => [file.name, file.type])).toEqual([['picture.png', 'image/png'], ['picture.gif', 'image/gif']]);
  const sources: unknown[] = [];
  one.editor.state.doc.descendants((node) => void (node.type.name === 'image' && sources.push(node.attrs['src'])));
  const kept = `attachment:a_${'z'.repeat(22)}`;
  expect(sources).toEqual([kept, kept, 'https://example.org/x.png', 'data:image/gif;base64,R0lGODlh']);
  expect(one.editor.state.doc.firstChild?.textContent).toBe('a');
});
