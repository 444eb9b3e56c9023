/**
 * The extensions of a rich document. Node and mark names are what `hub/formats/tree.py` reads and what
 * SCHEMA_VERSION counts: a new one needs a new version, because older clients delete what they do
 * not know; and an older document gets none, for the clients that still have it open.
 */
import { Extension, type Extensions } from '@tiptap/core';
import { Collaboration, isChangeOrigin } from '@tiptap/extension-collaboration';
import { Image } from '@tiptap/extension-image';
import { Link } from '@tiptap/extension-link';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import { Mention } from '@tiptap/extension-mention';
import { TableKit } from '@tiptap/extension-table';
import { Placeholder } from '@tiptap/extensions';
import type { Node } from '@tiptap/pm/model';
import { Plugin } from '@tiptap/pm/state';
import type { NodeView } from '@tiptap/pm/view';
import { StarterKit } from '@tiptap/starter-kit';
import type { SuggestionOptions } from '@tiptap/suggestion';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

import { FRAGMENT_NAME, REPLACED } from '../../../state/documents';
import { addressOf } from '../../../state/attachments';
import { searchExtension } from '../find/rich';
import { attachmentOf, imageAddress, linkAddress } from '../model';
import { caretAtStart, lostCaret } from './binding';
import { type Carets, caretExtension } from './carets';
import { ending } from './ending';
import { keptExtensions } from './kept';
import { officeExtensions } from './office';
import { tableRepairs } from './tables';
import { Typed } from './typed';

export interface Choosable {
  readonly id: string;
  readonly label: string;
}

export interface SchemaOptions {
  doc: Y.Doc;
  awareness: Awareness;
  carets: Carets;
  mention: Partial<SuggestionOptions<Choosable, Choosable>>;
  isEditable: () => boolean;
  /** Whether this editor is the one that repairs tables, and in step. */
  mayRepairTables: () => boolean;
  drawPicture: (node: Node) => NodeView;
  /** Of the document: what it may hold. */
  version: number;
  /** Whether its file can say how paragraphs are turned. */
  turns: boolean;
}

/**
 * Nobody who reads may change the document, not even by an editor's own tidying (a table that is
 * mended, a last paragraph): that would write in the reader's name.
 */
function readingGuard(isEditable: () => boolean): Extension {
  return Extension.create({
    name: 'readingGuard',
    addProseMirrorPlugins: () => [
      new Plugin({ filterTransaction: (transaction) => !transaction.docChanged || isEditable() || isChangeOrigin(transaction) }),
    ],
  });
}

/** Where a browser finds a picture that a document names. */
export function servedAt(src: string | null): string | null {
  const attachment = attachmentOf(src ?? '');
  return attachment === null ? src : addressOf(attachment, 1);
}

export function extensionsOf({ doc, awareness, carets, mention, isEditable, mayRepairTables, drawPicture, version, turns }: SchemaOptions): Extensions {
  return [
    StarterKit.configure({
      undoRedo: false,
      // Every client would add its own; `ending` shows a place instead.
      trailingNode: false,
      heading: { levels: version >= 2 ? [1, 2, 3, 4, 5, 6] : [1, 2, 3] },
      dropcursor: { color: 'var(--accent)', width: 2 },
      link: false,
    }),
    // What is typed behind a link is not of it.
    Link.extend({ inclusive: false }).configure({
      openOnClick: false,
      defaultProtocol: 'https',
      isAllowedUri: (url) => linkAddress(url) !== null,
      HTMLAttributes: { rel: 'noopener noreferrer nofollow', target: '_blank' },
    }),
    TaskList,
    TaskItem.configure({
      nested: true,
      a11y: { checkboxLabel: (node, checked) => `${checked ? 'Done' : 'To do'}: ${node.textContent || 'empty task'}` },
    }),
    TableKit.configure({ table: { resizable: false } }),
    Image.extend({
      parseHTML() {
        return [{ tag: 'img[src]', getAttrs: (element) => (imageAddress(element.getAttribute('src') ?? '') ? null : false) }];
      },
      addAttributes() {
        return {
          ...this.parent?.(),
          src: {
            default: null,
            parseHTML: (element) => imageAddress(element.getAttribute('src') ?? ''),
            // What is copied is found elsewhere, too.
            renderHTML: ({ src }) => ({ src: servedAt(src as string | null) }),
          },
        };
      },
      addNodeView() {
        return ({ node }) => drawPicture(node);
      },
    }).configure({ allowBase64: true, HTMLAttributes: { loading: 'lazy', referrerpolicy: 'no-referrer' } }),
    ...(version >= 2 ? [...keptExtensions({ drawPicture, parse: imageAddress, servedAt }), ...officeExtensions({ turns })] : []),
    Mention.configure({ HTMLAttributes: { class: 'mention' }, suggestion: mention as Partial<SuggestionOptions> }),
    Placeholder.configure({ placeholder: 'Write here…' }),
    Collaboration.configure({ document: doc, field: FRAGMENT_NAME, yUndoOptions: { trackedOrigins: [REPLACED] } }),
    searchExtension(),
    caretExtension(awareness, carets),
    ...caretAtStart(),
    lostCaret(),
    readingGuard(isEditable),
    tableRepairs(mayRepairTables),
    ending(isEditable),
    Typed,
  ];
}
