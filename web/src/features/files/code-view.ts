/** Text that can be read and searched, not changed: alone, or two beside each other. */
import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { syntaxHighlighting } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';

import { languageOf } from '../../lib/code/languages';
import { colours, look } from '../../lib/code/look';

interface Text { readonly name: string; readonly text: string }
interface Pair { readonly name: string; readonly before: string; readonly after: string; readonly labels: readonly [string, string] }

/** Longer lines are not wrapped into what a browser can no longer lay out. */
const LONG_LINE = 10_000;

function reading(label: string, syntax: Compartment): Extension {
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': label, 'aria-readonly': 'true', 'data-testid': 'file-text' }),
    EditorState.lineSeparator.of('\n'),
    lineNumbers(),
    drawSelection(),
    search({ top: true }),
    keymap.of(searchKeymap),
    syntaxHighlighting(colours),
    syntax.of([]),
    look,
  ];
}

/** Lines that no screen shows whole: a file of one line would stand still. */
function wrapping(text: string): Extension {
  return text.split('\n', 5000).some((line) => line.length > LONG_LINE) ? [] : EditorView.lineWrapping;
}

async function colour(name: string, syntax: Compartment, ...views: EditorView[]): Promise<void> {
  const language = await languageOf(null, name).catch(() => null);
  if (language) for (const view of views) view.dispatch({ effects: syntax.reconfigure(language) });
}

export function codeView(element: HTMLElement, { name, text }: Text): { destroy: () => void } {
  const syntax = new Compartment();
  const view = new EditorView({ parent: element, doc: text, extensions: [reading(`Text of ${name}`, syntax), wrapping(text)] });
  void colour(name, syntax, view);
  return { destroy: () => view.destroy() };
}

/** Narrower than this, what changed stands one below the other. */
const NARROW_PX = 640;
const COLLAPSE = { margin: 3, minSize: 6 };
const DIFF = { scanLimit: 2000, timeout: 1500 };

export function mergeView(element: HTMLElement, { name, before, after, labels }: Pair): { destroy: () => void } {
  const syntax = new Compartment();
  if (element.clientWidth < NARROW_PX) {
    const unified = unifiedMergeView({ original: before, mergeControls: false, gutter: true, collapseUnchanged: COLLAPSE, diffConfig: DIFF });
    const view = new EditorView({ parent: element, doc: after, extensions: [reading(`${labels[1]}, with what changed since ${labels[0]}`, syntax), wrapping(after), unified] });
    void colour(name, syntax, view);
    return { destroy: () => view.destroy() };
  }
  const wrap = [wrapping(before), wrapping(after)];
  const side = (doc: string, label: string) => ({ doc, extensions: [reading(label, syntax), wrap] });
  const view = new MergeView({
    parent: element,
    a: side(before, labels[0]),
    b: side(after, labels[1]),
    gutter: true,
    collapseUnchanged: COLLAPSE,
    diffConfig: DIFF,
  });
  void colour(name, syntax, view.a, view.b);
  return { destroy: () => view.destroy() };
}
