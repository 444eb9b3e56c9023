/** Carets of the others in a text document, and ours for them. */
import { StateEffect } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import type { Caret, CaretOf } from '../carets';

/** Something but the document changed: draw the carets again. */
export const redrawCarets = StateEffect.define<null>();

class CaretWidget extends WidgetType {
  constructor(private readonly caret: Caret) {
    super();
  }

  override eq(other: CaretWidget): boolean {
    return other.caret.name === this.caret.name && other.caret.colour === this.caret.colour;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = 'caret';
    caret.style.borderColor = this.caret.colour;
    const label = document.createElement('span');
    label.style.backgroundColor = this.caret.colour;
    label.textContent = this.caret.name;
    caret.append('\u2060', label, '\u2060');
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

export function caretsOf(text: Y.Text, awareness: Awareness, caretOf: CaretOf) {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet = Decoration.none;
      readonly #listener: (changes: { added: number[]; updated: number[]; removed: number[] }) => void;

      constructor(view: EditorView) {
        this.#listener = ({ added, updated, removed }) => {
          if ([...added, ...updated, ...removed].every((client) => client === awareness.clientID)) return;
          // Never inside another update.
          queueMicrotask(() => view.dispatch({ effects: redrawCarets.of(null) }));
        };
        awareness.on('change', this.#listener);
        this.decorations = this.#draw(view);
      }

      update(update: ViewUpdate): void {
        if (update.selectionSet || update.focusChanged || update.docChanged) this.#tell(update.view);
        const asked = update.transactions.some((one) => one.effects.some((effect) => effect.is(redrawCarets)));
        if (update.docChanged || asked) this.decorations = this.#draw(update.view);
      }

      destroy(): void {
        awareness.off('change', this.#listener);
      }

      #tell(view: EditorView): void {
        if (!view.hasFocus) return;
        const { anchor, head } = view.state.selection.main;
        const cursor = {
          anchor: Y.createRelativePositionFromTypeIndex(text, anchor),
          head: Y.createRelativePositionFromTypeIndex(text, head),
        };
        const before = awareness.getLocalState()?.['cursor'] as typeof cursor | null | undefined;
        const same = before && Y.compareRelativePositions(before.anchor, cursor.anchor) && Y.compareRelativePositions(before.head, cursor.head);
        if (!same) awareness.setLocalStateField('cursor', cursor);
      }

      #draw(view: EditorView): DecorationSet {
        const doc = text.doc;
        if (!doc) return Decoration.none;
        const length = view.state.doc.length;
        const found = [];
        for (const [client, state] of awareness.getStates()) {
          const place = client === awareness.clientID ? null : positionOf(doc, text, state['cursor']);
          if (!place) continue;
          const caret = caretOf(client);
          const head = Math.min(place.head, length);
          const from = Math.min(place.anchor, head);
          const to = Math.min(Math.max(place.anchor, place.head), length);
          if (from < to) found.push(Decoration.mark({ class: 'caret-selection', attributes: { style: `background-color: ${caret.colour}33` } }).range(from, to));
          found.push(Decoration.widget({ widget: new CaretWidget(caret), side: head > from ? -1 : 1 }).range(head));
        }
        return Decoration.set(found, true);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

/** Where a peer's caret stands; null for anything that is no position in this text. */
function positionOf(doc: Y.Doc, text: Y.Text, cursor: unknown): { anchor: number; head: number } | null {
  if (typeof cursor !== 'object' || cursor === null) return null;
  const { anchor, head } = cursor as { anchor?: unknown; head?: unknown };
  try {
    const [from, to] = [anchor, head].map((one) =>
      Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(one), doc),
    );
    if (!from || !to || from.type !== text || to.type !== text) return null;
    return { anchor: from.index, head: to.index };
  } catch {
    return null;
  }
}
