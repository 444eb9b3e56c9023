/** Finds in plain text and code. */
import { findNext, findPrevious, getSearchQuery, openSearchPanel, search, SearchQuery, searchPanelOpen, setSearchQuery } from '@codemirror/search';
import type { EditorState, Extension, Text } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

import { expanded, type Match } from './places';
import { type Finder, MAX_FOUND, searchable, wrongIn } from './finder';

/** CodeMirror shows what is found only while its own panel is there: it has one that nobody sees. */
export function searchExtension(): Extension {
  return search({
    createPanel: () => {
      const dom = document.createElement('div');
      dom.hidden = true;
      return { dom };
    },
  });
}

export function textFinder(view: EditorView): Finder {
  const selection = (): { from: number; to: number } => view.state.selection.main;
  let known: { doc: Text; query: SearchQuery; places: Place[] } | null = null;
  // A caret that moves finds nothing new.
  const places = (): Place[] => {
    const { doc } = view.state;
    const query = getSearchQuery(view.state);
    if (known?.doc !== doc || known.query !== query) known = { doc, query, places: placesOf(view.state, query) };
    return known.places;
  };
  return {
    find(query) {
      const wrong = query && wrongIn(query);
      const given = query && !wrong ? query : { words: '', caseSensitive: false, wholeWords: false, regularExpression: false };
      const wanted = new SearchQuery({ search: given.words, caseSensitive: given.caseSensitive, wholeWord: given.wholeWords, regexp: given.regularExpression, literal: true });
      if (!searchPanelOpen(view.state)) openSearchPanel(view);
      if (!getSearchQuery(view.state).eq(wanted)) view.dispatch({ effects: setSearchQuery.of(wanted) });
      return wrong;
    },
    found() {
      const { from, to } = selection();
      const all = places();
      return { total: all.length, at: all.findIndex((one) => one.from === from && one.to === to) };
    },
    go: (direction) => void (direction > 0 ? findNext : findPrevious)(view),
    selected() {
      const { from, to } = selection();
      return searchable(view.state.sliceDoc(from, to));
    },
    runs: () => [{ text: view.state.sliceDoc(), from: 0 }],
    matches(which, replacement) {
      const { from, to } = selection();
      return places()
        .filter((one) => which === 'all' || (one.from === from && one.to === to))
        .map(({ match, ...place }): Match => ({ ...place, replacement: match ? expanded(replacement, match) : replacement }));
    },
    focus: () => view.focus(),
  };
}

interface Place { from: number; to: number; match?: RegExpExecArray }

function placesOf(state: EditorState, query: SearchQuery): Place[] {
  if (!query.valid) return [];
  const cursor = query.getCursor(state);
  const found: Place[] = [];
  for (let next = cursor.next(); !next.done && found.length < MAX_FOUND; next = cursor.next()) {
    const { from, to } = next.value;
    const match = 'match' in next.value ? (next.value.match as RegExpExecArray) : undefined;
    if (to > from) found.push(match ? { from, to, match } : { from, to });
  }
  return found;
}
