/**
 * Tables that people edit apart: their rows meet with cells that lack or are one too many.
 *
 * ProseMirror's table plugin repairs that in every editor, and each of them writes its repair: a table
 * of 3 columns had 8 after five rounds. So nobody's plugin may; one editor does, after a pause, and
 * the others get it as any change. Until then a ragged table is shown as it is.
 *
 * Source: prosemirror-tables#249; research/text.md section 5 has the runs.
 */
import { Extension } from '@tiptap/core';
import type { Attrs, NodeType, Schema } from '@tiptap/pm/model';
import { Plugin } from '@tiptap/pm/state';
import { fixTables, fixTablesKey } from '@tiptap/pm/tables';
import type { EditorView } from '@tiptap/pm/view';

const PAUSE_MS = 1_500;
const PERMIT = 'tableRepair';
/** More cells than this nobody spans; a table is laid out cell by cell. */
const MAX_SPAN = 100;

/** @param mayRepair whether this editor is the one, and has what the others wrote. */
export function tableRepairs(mayRepair: () => boolean): Extension {
  return Extension.create({
    name: 'tableRepairs',
    onBeforeCreate() {
      keepSpansWhole(this.editor.schema);
    },
    addProseMirrorPlugins: () => [
      new Plugin({
        filterTransaction: (transaction) => !transaction.getMeta(fixTablesKey) || transaction.getMeta(PERMIT) === true,
        view: (view) => new Repairs(view, mayRepair),
      }),
    ],
  });
}

class Repairs {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly view: EditorView,
    private readonly mayRepair: () => boolean,
  ) {
    this.#later();
  }

  update(view: EditorView, before: { doc: unknown }): void {
    if (view.state.doc !== before.doc) this.#later();
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#repair(), PAUSE_MS);
  }

  #repair(): void {
    const repair = fixTables(this.view.state);
    if (!repair) return;
    if (this.mayRepair()) this.view.dispatch(repair.setMeta(PERMIT, true).setMeta('addToHistory', false));
    this.#later(); // whoever should may go before doing so
  }
}

/**
 * A span is a whole number from 1, whatever a page or a peer says: another one hangs the editor.
 *
 * Source: prosemirror-tables#343.
 */
function keepSpansWhole(schema: Schema): void {
  for (const name of ['tableCell', 'tableHeader']) {
    const type = schema.nodes[name] as (NodeType & { computeAttrs(attrs: Attrs | null): Attrs }) | undefined;
    if (!type) continue;
    const compute = type.computeAttrs.bind(type);
    type.computeAttrs = (attrs) => {
      const { colspan, rowspan, ...rest } = compute(attrs);
      return { ...rest, colspan: span(colspan), rowspan: span(rowspan) };
    };
  }
}

export function span(written: unknown): number {
  const number = Math.trunc(Number(written));
  return Number.isFinite(number) ? Math.min(MAX_SPAN, Math.max(1, number)) : 1;
}
