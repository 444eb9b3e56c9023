/**
 * A place to write after the last block, when that is one that no caret can leave: a table, a picture.
 *
 * It is only shown: a paragraph of its own would be written by everybody who opens the document first
 * (tiptap#3729). The words typed there make one.
 */
import { Extension } from '@tiptap/core';
import { isChangeOrigin } from '@tiptap/extension-collaboration';
import { GapCursor } from '@tiptap/pm/gapcursor';
import type { Node } from '@tiptap/pm/model';
import { type EditorState, Plugin, Selection, type Transaction } from '@tiptap/pm/state';
import { Decoration, DecorationSet, type EditorView } from '@tiptap/pm/view';

export function ending(isEditable: () => boolean): Extension {
  return Extension.create({
    name: 'ending',
    addKeyboardShortcuts() {
      const toEnd = (): boolean => isEditable() && isClosed(this.editor.state.doc) && goToEnd(this.editor.view);
      return { 'Mod-End': toEnd, 'Meta-ArrowDown': toEnd };
    },
    addProseMirrorPlugins: () => [
      new Plugin({
        appendTransaction: stay,
        props: {
          decorations: (state) =>
            isEditable() && isClosed(state.doc)
              ? DecorationSet.create(state.doc, [Decoration.widget(state.doc.content.size, drawn, { side: 1, key: 'ending' })])
              : null,
          handleDOMEvents: {
            mousedown: (view, event) => {
              if (!isEditable() || !isBelow(view, event)) return false;
              event.preventDefault();
              goBelow(view);
              return true;
            },
          },
        },
      }),
    ],
  });
}

/** Put the caret behind the last block; one that has no end of its own gets a paragraph after it. */
export function goBelow(view: EditorView): void {
  const { doc, schema, tr } = view.state;
  if (isClosed(doc)) {
    goToEnd(view);
    return;
  }
  const last = doc.lastChild;
  const paragraph = schema.nodes['paragraph'];
  if (paragraph && (!last?.isTextblock || last.type.name === 'codeBlock')) tr.insert(doc.content.size, paragraph.create());
  view.dispatch(tr.setSelection(Selection.atEnd(tr.doc)).scrollIntoView());
  view.focus();
}

/** Whether nothing can be typed at the very end of a document. */
function isClosed(doc: Node): boolean {
  const last = doc.lastChild;
  return last !== null && (last.isAtom || last.type.spec.isolating === true);
}

function goToEnd(view: EditorView): boolean {
  const { doc, tr } = view.state;
  view.dispatch(tr.setSelection(new GapCursor(doc.resolve(doc.content.size))).scrollIntoView());
  view.focus();
  return true;
}

/** What others write moves every caret by its text; this one stands where there is none. */
function stay(transactions: readonly Transaction[], before: EditorState, after: EditorState): Transaction | null {
  const stood = before.selection instanceof GapCursor && before.selection.from === before.doc.content.size;
  if (!stood || after.selection instanceof GapCursor || !isClosed(after.doc) || !transactions.some(isChangeOrigin)) return null;
  return after.tr.setSelection(new GapCursor(after.doc.resolve(after.doc.content.size)));
}

function isBelow(view: EditorView, event: MouseEvent): boolean {
  const target = event.target as Element;
  if (event.button !== 0) return false;
  if (target.closest('.ending')) return true;
  const last = view.dom.lastElementChild?.getBoundingClientRect();
  return target === view.dom && last !== undefined && event.clientY > last.bottom;
}

function drawn(): HTMLElement {
  const place = document.createElement('div');
  place.className = 'ending';
  place.contentEditable = 'false';
  // The keyboard comes here with Ctrl+End and the arrows.
  place.setAttribute('aria-hidden', 'true');
  place.textContent = 'Write here…';
  return place;
}
