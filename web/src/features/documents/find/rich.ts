/** Finds in rich text. */
import { type Editor, Extension } from '@tiptap/core';
import type { Node } from '@tiptap/pm/model';
import { type EditorState, TextSelection } from '@tiptap/pm/state';
import { findNext, findPrev, getMatchHighlights, getSearchState, search, SearchQuery, setSearchState } from 'prosemirror-search';

import { expanded, type Match, type Run } from './places';
import { type Finder, searchable, wrongIn } from './finder';

export function searchExtension(): Extension {
  return Extension.create({ name: 'find', addProseMirrorPlugins: () => [search()] });
}

export function richFinder(editor: Editor): Finder {
  const places = (): { from: number; to: number }[] => getMatchHighlights(editor.state).find();
  return {
    find(query) {
      const wrong = query && wrongIn(query);
      const given = query && !wrong ? query : { words: '', caseSensitive: false, wholeWords: false, regularExpression: false };
      const wanted = new SearchQuery({ search: given.words, caseSensitive: given.caseSensitive, wholeWord: given.wholeWords, regexp: given.regularExpression, literal: true });
      if (!getSearchState(editor.state)?.query.eq(wanted)) editor.view.dispatch(setSearchState(editor.state.tr, wanted));
      return wrong;
    },
    found() {
      const { from, to } = editor.state.selection;
      const all = places();
      return { total: all.length, at: all.findIndex((one) => one.from === from && one.to === to) };
    },
    go(direction) {
      (direction > 0 ? findNext : findPrev)(editor.state, (transaction) => editor.view.dispatch(transaction.scrollIntoView()));
      scrollToSelection(editor);
    },
    selected() {
      const { from, to } = editor.state.selection;
      return searchable(editor.state.doc.textBetween(from, to, '\n', '\ufffc'));
    },
    runs: () => runsOf(editor.state.doc),
    matches(which, replacement) {
      const { from, to } = editor.state.selection;
      return places()
        .filter((one) => which === 'all' || (one.from === from && one.to === to))
        .map((one) => matchAt(editor.state, one, replacement));
    },
    focus: () => void editor.commands.focus(),
  };
}

function matchAt(state: EditorState, place: { from: number; to: number }, replacement: string): Match {
  const query = getSearchState(state)?.query;
  const result = query?.regexp ? query.findNext(state, place.from, state.doc.content.size) : null;
  const fits = result?.match && result.from === place.from && result.to === place.to;
  return { ...place, replacement: fits && result.match ? expanded(replacement, result.match) : replacement };
}

/** The text between what is no text. */
export function runsOf(doc: Node): Run[] {
  const runs: Run[] = [];
  doc.descendants((node, position) => {
    if (!node.isTextblock) return true;
    let text = '';
    let from = position + 1;
    node.forEach((child, offset) => {
      if (child.isText) {
        if (text === '') from = position + 1 + offset;
        text += child.text ?? '';
      } else {
        if (text) runs.push({ text, from });
        text = '';
      }
    });
    if (text) runs.push({ text, from });
    return false;
  });
  return runs;
}

/** The caret is not in the editor while one writes in the panel: ProseMirror does not scroll then. */
function scrollToSelection(editor: Editor): void {
  if (!(editor.state.selection instanceof TextSelection)) return;
  const { node } = editor.view.domAtPos(editor.state.selection.from);
  (node instanceof Element ? node : node.parentElement)?.scrollIntoView({ block: 'nearest' });
}
