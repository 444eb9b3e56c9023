/** The colours of code, from the tokens of the page. */
import { HighlightStyle } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'transparent', color: 'var(--ink)', fontSize: 'var(--text-14)' },
  '&.cm-focused': { outline: 'none' }, // it has a caret, unless one only reads
  '.cm-content[contenteditable=false]:focus-visible': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', overflow: 'auto' },
  '.cm-content': { padding: 'var(--s4) 0 30vh', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 var(--s4) 0 var(--s2)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--ink-2)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 var(--s2) 0 var(--s3)', fontVariantNumeric: 'tabular-nums' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--accent-soft)' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--ink)', borderColor: 'var(--line)' },
  '.cm-panel input, .cm-panel button': { font: 'inherit' },
  '.cm-searchMatch': { backgroundColor: 'var(--mark)' },
  '.cm-searchMatch.cm-searchMatch-selected': { backgroundColor: 'var(--mark)', boxShadow: '0 0 0 2px var(--accent)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--accent)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', borderRadius: 'var(--r1)' },
});

/** Lightness from the ink, hue from the person hues: it holds in both themes. */
const hued = (hue: number): string => `oklch(var(--person-ink-l) calc(var(--person-ink-c) + 0.03) ${hue})`;

export const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword], color: hued(300) },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: hued(140) },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: hued(45) },
  { tag: [tags.comment, tags.meta], color: 'var(--ink-2)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.heading], color: hued(255), fontWeight: '600' },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], color: hued(195) },
  { tag: [tags.attributeName, tags.propertyName], color: hued(225) },
  { tag: [tags.link, tags.url], color: 'var(--accent-ink)', textDecoration: 'underline' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--danger)' },
]);
