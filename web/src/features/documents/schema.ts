/** The rich document's nodes and marks: DESIGN section 6; `SCHEMA_VERSION` counts its changes. */
import { Extension, type Extensions } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import Image from '@tiptap/extension-image';
import Link from '@tiptap/extension-link';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import { TableKit } from '@tiptap/extension-table';
import { Placeholder } from '@tiptap/extensions';
import { yCursorPlugin } from '@tiptap/y-tiptap';
import StarterKit from '@tiptap/starter-kit';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

import { FRAGMENT_NAME } from '../../state/documents';
import { caretElement, type CaretUser } from './carets';
import type { Person } from '../chat/model';
import { mentions } from './mentions';

export interface SchemaOptions {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  userOf(client: number): CaretUser;
  people(): readonly Person[];
}

export function extensions({ doc, awareness, userOf, people }: SchemaOptions): Extensions {
  const carets = Extension.create({
    name: 'carets',
    addProseMirrorPlugins: () => [
      yCursorPlugin(awareness, {
        cursorBuilder: (_claimed: unknown, client: number) => caretElement(userOf(client)),
        selectionBuilder: (_claimed: unknown, client: number) => ({ style: `background-color: ${userOf(client).colorLight}`, class: 'caret-selection' }),
      }),
    ],
  });
  return [
    // A trailing paragraph would be written by everybody who opens the document.
    StarterKit.configure({ undoRedo: false, trailingNode: false, link: false, heading: { levels: [1, 2, 3, 4] } }),
    Link.configure({ openOnClick: false, autolink: true, HTMLAttributes: { rel: 'noopener noreferrer nofollow', target: '_blank' } }),
    Image.configure({ allowBase64: true, inline: false }),
    TableKit.configure({ table: { resizable: false } }),
    TaskList,
    TaskItem.configure({ nested: true, a11y: { checkboxLabel: (node, checked) => `${checked ? 'Done' : 'To do'}: ${node.textContent || 'empty'}` } }),
    mentions(people),
    Placeholder.configure({ placeholder: 'Write here. Everybody in the thread sees it at once.' }),
    Collaboration.configure({ document: doc, field: FRAGMENT_NAME }),
    carets,
  ];
}
