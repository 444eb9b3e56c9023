/** Editors of one document in a test: real TipTap and Yjs, and a wire between them that can be cut. */
import { Editor } from '@tiptap/core';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { Carets } from './carets';
import { PictureViews } from './picture-view';
import { extensionsOf } from './schema';

export class FakeEditor {
  readonly doc: Y.Doc;
  readonly editor: Editor;

  readonly pictures = new PictureViews({ lookOf: (attachment) => ({ src: `/here/${attachment}`, words: '' }), learn: () => undefined });

  constructor(clientId: number, options: { leads?: boolean; editable?: boolean; doc?: Y.Doc } = {}) {
    this.doc = options.doc ?? new Y.Doc();
    if (!options.doc) this.doc.clientID = clientId;
    const element = document.createElement('div');
    document.body.append(element);
    this.editor = new Editor({
      element,
      injectCSS: false,
      extensions: extensionsOf({
        drawPicture: (node) => this.pictures.draw(node),
        doc: this.doc,
        awareness: new Awareness(this.doc),
        carets: new Carets(() => ({ name: 'Somebody', colour: '#000000' })),
        mention: {},
        isEditable: () => options.editable ?? true,
        version: 2,
        turns: true,
        mayRepairTables: () => options.leads ?? false,
      }),
    });
  }

  /** The document as the hub has it, without what only this view adds. */
  get shared(): unknown {
    return this.editor.state.doc.toJSON();
  }

  end(): void {
    this.editor.destroy();
    this.doc.destroy();
  }
}

/** Give each what the others have. */
export function sync(...editors: readonly FakeEditor[]): void {
  for (let round = 0; round < 2; round++) {
    for (const one of editors) {
      for (const other of editors) {
        if (other !== one) Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(one.doc, Y.encodeStateVector(other.doc)), 'wire');
      }
    }
  }
}

const made: FakeEditor[] = [];

/** An editor that `endAll` ends. */
export function make(clientId: number, options?: { leads?: boolean; editable?: boolean; doc?: Y.Doc }): FakeEditor {
  const one = new FakeEditor(clientId, options);
  made.push(one);
  return one;
}

/** The latest first: it may look at the document of an earlier one. */
export function endAll(): void {
  for (const one of made.splice(0).reverse()) one.end();
}
