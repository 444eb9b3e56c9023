/** What the binding of ProseMirror to Yjs needs beside what it does by itself. */
import { Extension } from '@tiptap/core';
import { Plugin } from '@tiptap/pm/state';
import { ySyncPluginKey } from '@tiptap/y-tiptap';
import type * as Y from 'yjs';

/** The part of y-tiptap's ProsemirrorBinding that is used here. */
interface Binding {
  beforeTransactionSelection: unknown;
  _observeFunction(events: Y.YEvent<Y.XmlFragment>[], transaction: Y.Transaction): void;
}

/** Before the binding begins to draw, or after its first drawing. */
const BEFORE = 2_000;
const AFTER = 1;

function withBinding(name: string, priority: number, change: (binding: Binding) => void): Extension {
  return Extension.create({
    name,
    priority,
    addProseMirrorPlugins: () => [
      new Plugin({
        view: (view) => {
          change((ySyncPluginKey.getState(view.state) as { binding: Binding }).binding);
          return {};
        },
      }),
    ],
  });
}

/**
 * At its first drawing the binding puts the caret of the empty document into the real one as it is; in
 * one that begins with a table or a picture that is no place for a caret, and ProseMirror warns. With a
 * selection of its own it leaves the caret to ProseMirror, which finds the next place.
 */
export function caretAtStart(): Extension[] {
  const none = {};
  const swap = (from: unknown, to: unknown) => (binding: Binding) => {
    if (binding.beforeTransactionSelection === from) binding.beforeTransactionSelection = to;
  };
  return [withBinding('beforeFirstDrawing', BEFORE, swap(null, none)), withBinding('afterFirstDrawing', AFTER, swap(none, null))];
}

/**
 * A caret that finds no place is no reason to leave out what others wrote: what an editor does not show
 * is deleted by what is typed next. After an undo y-tiptap 3.0.9 looks for the caret of the undone step
 * at its old place, in a document that may have become shorter.
 */
export function lostCaret(): Extension {
  return withBinding('lostCaret', BEFORE, (binding) => {
    const show = binding._observeFunction;
    binding._observeFunction = (events, transaction) => {
      try {
        show(events, transaction);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        binding.beforeTransactionSelection = null;
        show(events, transaction);
      }
    };
  });
}
