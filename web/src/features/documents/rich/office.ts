/**
 * What word processors say that the editor has no tools for: what is shown as it is (fields, drawings,
 * formulas), what others said of the words (comments, changes that were tracked), and how paragraphs
 * are turned. Of documents whose schema is 2 or later.
 */
import { Extension, type Extensions, Mark, mergeAttributes, Node } from '@tiptap/core';
import { Fragment, type Mark as PmMark, type Node as PmNode, Slice } from '@tiptap/pm/model';
import { Plugin } from '@tiptap/pm/state';

const KINDS: Readonly<Record<string, string>> = {
  field: 'Field', formula: 'Formula', drawing: 'Drawing', chart: 'Chart', object: 'Embedded object', symbol: 'Symbol', break: 'Page break', table: 'Table', picture: 'Picture', note: 'Note', comment: 'Comment', deletion: 'Deleted',
};

/** What a thing is called that is shown and not edited. */
export function opaqueLabel(kind: string | null): string {
  return KINDS[kind ?? ''] ?? 'Part of the file';
}

function named(name: 'id' | 'kind' | 'text') {
  return { default: null, parseHTML: (element: HTMLElement) => element.getAttribute(`data-${name}`), renderHTML: (given: Record<string, unknown>) => (given[name] == null ? {} : { [`data-${name}`]: given[name] }) };
}

const attributes = () => ({ id: named('id'), kind: named('kind'), text: named('text') });

function shown(node: PmNode): { label: string; text: string } {
  const kind = node.attrs['kind'] as string | null;
  const text = (node.attrs['text'] as string | null) ?? '';
  return { label: opaqueLabel(kind), text };
}

const Opaque = Node.create({
  name: 'opaque',
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: attributes,
  parseHTML: () => [{ tag: 'span[data-opaque]' }],
  renderHTML({ node, HTMLAttributes }) {
    const { label, text } = shown(node);
    return ['span', mergeAttributes(HTMLAttributes, { 'data-opaque': '', class: 'opaque', role: 'img', 'aria-label': text ? `${label}: ${text}` : label, title: `${label}; it stays as it is` }), text || label];
  },
  renderText: ({ node }) => shown(node).text,
});

const OpaqueBlock = Node.create({
  name: 'opaqueBlock',
  group: 'block',
  atom: true,
  addAttributes: attributes,
  parseHTML: () => [{ tag: 'div[data-opaque]' }],
  renderHTML({ node, HTMLAttributes }) {
    const { label, text } = shown(node);
    return ['div', mergeAttributes(HTMLAttributes, { 'data-opaque': '', class: 'opaque', role: 'img', 'aria-label': text ? `${label}: ${text}` : label }), ['span', { class: 'opaque-kind' }, `${label}; it stays as it is`], ['span', {}, text]];
  },
  renderText: ({ node }) => shown(node).text,
});

/** What somebody else said of words: nobody who types behind them says it, too. */
function said(name: 'comment' | 'insertion' | 'deletion', fields: readonly string[]): Mark {
  return Mark.create({
    name,
    inclusive: false,
    excludes: '',
    addAttributes: () => Object.fromEntries(fields.map((field) => [field, { default: null, rendered: false }])),
    parseHTML: () => [],
    renderHTML: ({ mark }) => ['span', { class: name, title: noteWords(mark), ...(name === 'comment' ? {} : { role: name }) }, 0],
  });
}

/** A comment, or who changed what and when, in words. */
export function noteWords(mark: PmMark): string {
  const author = (mark.attrs['author'] as string | null) || 'Somebody';
  if (mark.type.name === 'comment') return `Comment by ${author}: ${(mark.attrs['text'] as string | null) ?? ''}`;
  const at = mark.attrs['at'] as string | null;
  const day = at && !Number.isNaN(Date.parse(at)) ? `, ${new Date(at).toLocaleDateString()}` : '';
  return `${mark.type.name === 'insertion' ? 'Inserted' : 'Deleted'} by ${author}${day}`;
}

const NOTES = ['comment', 'insertion', 'deletion'];

/** What is said of the words around a place. */
export function notesAt(node: PmNode, position: number): readonly string[] {
  const resolved = node.resolve(position);
  const marks = [...(resolved.nodeBefore?.marks ?? []), ...(resolved.nodeAfter?.marks ?? [])];
  return [...new Set(marks.filter(({ type }) => NOTES.includes(type.name)).map(noteWords))];
}

/** What is pasted is one's own, also where the clipboard kept the marks. */
function withoutNotes(fragment: Fragment): Fragment {
  const nodes: PmNode[] = [];
  fragment.forEach((node) => {
    const bare = node.mark(node.marks.filter(({ type }) => !NOTES.includes(type.name)));
    nodes.push(bare.isText ? bare : bare.copy(withoutNotes(bare.content)));
  });
  return Fragment.fromArray(nodes);
}

const OwnWords = Extension.create({
  name: 'ownWords',
  addProseMirrorPlugins: () => [
    new Plugin({
      props: {
        transformPasted: (slice) => new Slice(withoutNotes(slice.content), slice.openStart, slice.openEnd),
        handleTextInput: (view, from, to, text) => {
          const marks = view.state.storedMarks ?? view.state.doc.resolve(from).marks();
          const own = marks.filter(({ type }) => type.name !== 'insertion' && type.name !== 'deletion');
          if (own.length === marks.length) return false;
          view.dispatch(view.state.tr.replaceWith(from, to, view.state.schema.text(text, own)).scrollIntoView());
          return true;
        },
      },
    }),
  ],
});

const ALIGNMENTS = ['left', 'center', 'right', 'justify'];

function turned(keeps: boolean): Extension {
  return Extension.create({
    name: 'turned',
    addGlobalAttributes: () => [
      {
        types: ['paragraph', 'heading'],
        attributes: {
          textAlign: {
            default: null,
            parseHTML: (element) => (keeps && ALIGNMENTS.includes(element.style.textAlign) ? element.style.textAlign : null),
            renderHTML: ({ textAlign }) => (ALIGNMENTS.includes(textAlign as string) ? { style: `text-align: ${textAlign as string}` } : {}),
          },
          dir: {
            default: null,
            parseHTML: (element) => (keeps && (element.dir === 'rtl' || element.dir === 'ltr') ? element.dir : null),
            renderHTML: ({ dir }) => (dir === 'rtl' || dir === 'ltr' ? { dir } : {}),
          },
        },
      },
    ],
  });
}

/** `turns`: whether what is pasted keeps how its paragraphs are turned: the file can say it. */
export function officeExtensions({ turns }: { turns: boolean }): Extensions {
  return [
    Opaque, OpaqueBlock,
    said('comment', ['id', 'author', 'text']), said('insertion', ['author', 'at']), said('deletion', ['author', 'at']),
    OwnWords, turned(turns),
  ];
}
