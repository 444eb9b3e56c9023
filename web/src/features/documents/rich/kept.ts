/**
 * What files say that the editor has no tools for, so that it is shown and goes back as it came: source
 * (front matter, HTML), footnotes, small pictures within lines, and some marks. Of documents whose
 * schema is 2 or later.
 */
import { type Extensions, Mark, mergeAttributes, Node } from '@tiptap/core';
import type { NodeView } from '@tiptap/pm/view';
import type { Node as PmNode } from '@tiptap/pm/model';

import { linkAddress } from '../model';

const SOURCES: Readonly<Record<string, string>> = { frontmatter: 'Front matter', html: 'HTML', definitions: 'Addresses of links' };

/** What a block of source is called. */
export function sourceLabel(kind: string | null): string {
  return SOURCES[kind ?? ''] ?? 'Source';
}

/** Lines of a file as they stand there. */
const Source = Node.create({
  name: 'source',
  group: 'block',
  content: 'text*',
  marks: '',
  code: true,
  defining: true,
  addAttributes: () => ({
    kind: { default: null, parseHTML: (element) => element.getAttribute('data-source'), renderHTML: ({ kind }) => (kind === null ? {} : { 'data-source': kind as string }) },
  }),
  parseHTML: () => [{ tag: 'pre[data-source]', preserveWhitespace: 'full', priority: 60 }],
  renderHTML({ node, HTMLAttributes }) {
    const label = sourceLabel(node.attrs['kind'] as string | null);
    return ['pre', mergeAttributes(HTMLAttributes, { class: 'source', 'data-label': label, role: 'group', 'aria-label': label }), ['code', 0]];
  },
});

/** A piece of it within a line. */
const InlineSource = Node.create({
  name: 'inlineSource',
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: () => ({
    source: { default: null, parseHTML: (element) => element.getAttribute('data-inline-source'), renderHTML: ({ source }) => ({ 'data-inline-source': (source as string | null) ?? '' }) },
  }),
  parseHTML: () => [{ tag: 'span[data-inline-source]' }],
  renderHTML: ({ node, HTMLAttributes }) => ['span', mergeAttributes(HTMLAttributes, { class: 'inline-source' }), (node.attrs['source'] as string | null) ?? ''],
  renderText: ({ node }) => (node.attrs['source'] as string | null) ?? '',
});

function inlineImage(drawPicture: (node: PmNode) => NodeView, parse: (address: string) => string | null, servedAt: (address: string | null) => string | null) {
  return Node.create({
    name: 'inlineImage',
    group: 'inline',
    inline: true,
    atom: true,
    addAttributes: () => ({
      src: { default: null, parseHTML: (element) => parse(element.getAttribute('src') ?? ''), renderHTML: ({ src }) => ({ src: servedAt(src as string | null) }) },
      alt: { default: null },
      title: { default: null },
      href: { default: null, parseHTML: (element) => element.getAttribute('data-href'), renderHTML: ({ href }) => (href == null ? {} : { 'data-href': href as string }) },
      hrefTitle: { default: null, parseHTML: (element) => element.getAttribute('data-href-title'), renderHTML: ({ hrefTitle }) => (hrefTitle == null ? {} : { 'data-href-title': hrefTitle as string }) },
    }),
    parseHTML: () => [{ tag: 'img[data-inline][src]', priority: 60 }],
    renderHTML: ({ HTMLAttributes }) => ['img', mergeAttributes(HTMLAttributes, { 'data-inline': '' })],
    addNodeView() {
      return ({ node }) => {
        const view = drawPicture(node);
        const dom = view.dom as HTMLElement;
        dom.classList.add('within');
        const href = linkAddress((node.attrs['href'] as string | null) ?? '');
        if (href !== null) dom.title = `${(node.attrs['hrefTitle'] as string | null) ?? href} (Ctrl and a click open it)`;
        dom.addEventListener('click', (event) => {
          if (href !== null && (event.ctrlKey || event.metaKey)) window.open(href, '_blank', 'noopener,noreferrer');
        });
        return view;
      };
    },
  });
}

const id = { default: null, parseHTML: (element: HTMLElement) => element.getAttribute('data-note'), renderHTML: ({ id: name }: Record<string, unknown>) => ({ 'data-note': (name as string | null) ?? '' }) };

/** Where a footnote belongs. */
const FootnoteReference = Node.create({
  name: 'footnoteReference',
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: () => ({ id }),
  parseHTML: () => [{ tag: 'sup[data-note]', priority: 60 }],
  renderHTML: ({ node, HTMLAttributes }) => ['sup', mergeAttributes(HTMLAttributes, { class: 'note-mark', 'aria-label': `Footnote ${node.attrs['id'] as string}` }), `[${(node.attrs['id'] as string | null) ?? ''}]`],
  renderText: ({ node }) => `[${(node.attrs['id'] as string | null) ?? ''}]`,
});

/** Its words. */
const Footnote = Node.create({
  name: 'footnote',
  group: 'block',
  content: 'block+',
  defining: true,
  isolating: true,
  addAttributes: () => ({ id }),
  parseHTML: () => [{ tag: 'div[data-note]' }],
  renderHTML: ({ node, HTMLAttributes }) => ['div', mergeAttributes(HTMLAttributes, { class: 'note', role: 'group', 'aria-label': `Footnote ${node.attrs['id'] as string}`, 'data-label': `[${(node.attrs['id'] as string | null) ?? ''}]` }), 0],
});

function mark(name: string, tag: string): Mark {
  return Mark.create({ name, parseHTML: () => [{ tag }], renderHTML: ({ HTMLAttributes }) => [tag, HTMLAttributes, 0] });
}

export interface KeptOptions {
  drawPicture: (node: PmNode) => NodeView;
  /** An address a picture may have, from one that was pasted. */
  parse: (address: string) => string | null;
  servedAt: (address: string | null) => string | null;
}

export function keptExtensions({ drawPicture, parse, servedAt }: KeptOptions): Extensions {
  return [Source, InlineSource, inlineImage(drawPicture, parse, servedAt), FootnoteReference, Footnote, mark('highlight', 'mark'), mark('subscript', 'sub'), mark('superscript', 'sup')];
}
