/** How a picture of a document is drawn: one that is still on its way says so. */
import type { Node } from '@tiptap/pm/model';
import type { NodeView } from '@tiptap/pm/view';

import { attachmentOf, imageAddress } from '../model';

export interface Look {
  /** Null: it cannot be seen yet, or not any more; `words` say why. */
  readonly src: string | null;
  readonly words: string;
}

export interface Pictures {
  lookOf(attachment: string): Look;
  /** What is known of it is to be found out, if it is not known. */
  learn(attachment: string): void;
}

/** The pictures of one editor that are drawn. */
export class PictureViews {
  readonly #views = new Set<PictureView>();

  constructor(private readonly pictures: Pictures) {}

  draw(node: Node): NodeView {
    const view = new PictureView(node, this.pictures, () => this.#views.delete(view));
    this.#views.add(view);
    return view;
  }

  /** More is known of some of them. */
  refresh(): void {
    for (const view of this.#views) view.refresh();
  }
}

class PictureView implements NodeView {
  readonly dom = document.createElement('div');
  readonly #image = document.createElement('img');
  readonly #words = document.createElement('span');
  #node: Node;
  #shown: string | null = null;
  /** What was at this address could not be shown; it is not asked for again. */
  #failed: string | null = null;

  constructor(
    node: Node,
    private readonly pictures: Pictures,
    private readonly gone: () => void,
  ) {
    this.#node = node;
    this.dom.className = 'picture';
    this.#image.referrerPolicy = 'no-referrer';
    this.#image.draggable = false;
    this.#image.onerror = () => {
      this.#failed = this.#shown;
      this.#say('this picture cannot be shown');
    };
    this.#words.className = 'picture-words';
    this.refresh();
  }

  refresh(): void {
    const { src, alt, title } = this.#node.attrs as { src: string | null; alt: string | null; title: string | null };
    const attachment = attachmentOf(src ?? '');
    const outside = { src: imageAddress(src ?? ''), words: 'this picture is not in the thread' };
    const look = attachment === null ? outside : this.pictures.lookOf(attachment);
    this.#image.alt = alt ?? '';
    this.#image.title = title ?? '';
    if (look.src !== this.#failed) this.#failed = null;
    if (look.src === null) {
      this.#say(look.words);
      if (attachment !== null) this.pictures.learn(attachment);
    } else if (look.src !== this.#shown && look.src !== this.#failed) {
      this.#shown = look.src;
      this.#image.src = look.src;
      this.dom.replaceChildren(this.#image);
    }
  }

  #say(words: string): void {
    this.#shown = null;
    this.#words.textContent = [this.#image.alt, words].filter(Boolean).join(': ');
    this.dom.replaceChildren(this.#words);
  }

  update(node: Node): boolean {
    if (node.type !== this.#node.type) return false;
    this.#node = node;
    this.refresh();
    return true;
  }

  ignoreMutation(): boolean {
    return true;
  }

  destroy(): void {
    this.gone();
  }
}
