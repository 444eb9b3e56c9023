/**
 * How a code document indents: by its name where that decides, else as its lines do. Tab indents;
 * Escape, then Tab, leaves the editor (CodeMirror's own doing).
 */
import { indentLess, indentMore, insertTab } from '@codemirror/commands';
import { indentUnit } from '@codemirror/language';
import type { EditorState, Text } from '@codemirror/state';
import type { Command, KeyBinding } from '@codemirror/view';

const TAB = '\t';
/** Files in which only a tab is right. */
const BY_TABS = /(?:^|\/)(?:GNU)?makefile(?:\.\w+)?$|\.(?:mk|mak|go|tsv)$/i;
const MAX_LINES = 1_000;

/** One step of indentation: a tab, or so many spaces. */
export function stepOf(title: string, language: string | null, doc: Text): string {
  if (BY_TABS.test(title) || language === 'go') return TAB;
  return stepIn(doc) ?? ' '.repeat(language === 'python' || /\.py$/i.test(title) ? 4 : 2);
}

/** The step that most of a document's lines show; null when none is indented. */
function stepIn(doc: Text): string | null {
  const counts = new Map<string, number>();
  let before = 0;
  for (let number = 1; number <= Math.min(doc.lines, MAX_LINES); number++) {
    const { text } = doc.line(number);
    const [indent = ''] = /^[ \t]*/.exec(text) ?? [];
    if (indent.length === text.length) continue; // an empty line says nothing
    if (indent.startsWith(TAB)) counts.set(TAB, (counts.get(TAB) ?? 0) + 1);
    else if (indent.length > before && [2, 4, 8].includes(indent.length - before)) {
      const step = ' '.repeat(indent.length - before);
      counts.set(step, (counts.get(step) ?? 0) + 1);
    }
    before = indent.length;
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** Within the words of a line: to the next stop, with spaces unless the document has tabs. */
const tab: Command = (view) => {
  const { state } = view;
  if (state.readOnly) return false;
  const { main } = state.selection;
  const before = state.doc.lineAt(main.head).text.slice(0, main.head - state.doc.lineAt(main.head).from);
  if (!main.empty || (before.trim() === '' && before !== '' && unitOf(state) !== TAB)) return indentMore(view);
  if (unitOf(state) === TAB) return insertTab(view);
  const width = unitOf(state).length;
  view.dispatch(state.update(state.replaceSelection(' '.repeat(width - (before.length % width))), { scrollIntoView: true, userEvent: 'input' }));
  return true;
};

function unitOf(state: EditorState): string {
  return state.facet(indentUnit);
}

export const tabKeys: readonly KeyBinding[] = [{ key: 'Tab', run: tab, shift: indentLess }];
