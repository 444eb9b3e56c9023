/** Carets of the others in a rich document. */
import { Extension } from '@tiptap/core';
import { yCursorPlugin } from '@tiptap/y-tiptap';
import type { Awareness } from 'y-protocols/awareness';

import type { CaretOf } from '../carets';

/** The drawn carets by client id, so that a name that comes late is put in. */
export class Carets {
  readonly #drawn = new Map<number, Set<HTMLElement>>();

  constructor(private readonly caretOf: CaretOf) {}

  draw(clientId: number): HTMLElement {
    const caret = document.createElement('span');
    caret.className = 'caret';
    // Word joiners keep the line from breaking at the caret.
    caret.append('\u2060', document.createElement('span'), '\u2060');
    this.#fill(caret, clientId);
    const drawn = this.#drawn.get(clientId) ?? new Set();
    this.#drawn.set(clientId, drawn.add(caret));
    return caret;
  }

  selection(clientId: number): Record<string, string> {
    return { class: 'caret-selection', style: `background-color: ${this.caretOf(clientId).colour}33` };
  }

  /** The hub told more about who owns which id. */
  refresh(): void {
    for (const [clientId, drawn] of this.#drawn) {
      for (const caret of drawn) {
        if (caret.isConnected) this.#fill(caret, clientId);
        else drawn.delete(caret);
      }
      if (drawn.size === 0) this.#drawn.delete(clientId);
    }
  }

  #fill(caret: HTMLElement, clientId: number): void {
    const { name, colour } = this.caretOf(clientId);
    caret.style.borderColor = colour;
    const label = caret.firstElementChild as HTMLElement;
    label.style.backgroundColor = colour;
    label.textContent = name;
  }
}

export function caretExtension(awareness: Awareness, carets: Carets): Extension {
  return Extension.create({
    name: 'carets',
    priority: 999,
    addProseMirrorPlugins: () => [
      yCursorPlugin(awareness, {
        cursorBuilder: (_claimed: unknown, clientId: number) => carets.draw(clientId),
        selectionBuilder: (_claimed: unknown, clientId: number) => carets.selection(clientId),
      }),
    ],
  });
}
