/** The words of a document, for a copy a person can paste elsewhere. */
import * as Y from 'yjs';

import type { DocumentKind } from '../wire/generated';

/** Names of the shared types, docs/protocol.md "Documents". */
export const TEXT_NAME = 'content';
export const FRAGMENT_NAME = 'default';

export function documentText(doc: Y.Doc, kind: DocumentKind): string {
  if (kind === 'text') return doc.getText(TEXT_NAME).toString();
  return lines(doc.getXmlFragment(FRAGMENT_NAME)).join('\n').trim();
}

function lines(parent: Y.XmlFragment | Y.XmlElement): string[] {
  const found: string[] = [];
  let line = '';
  for (const child of parent.toArray()) {
    if (child instanceof Y.XmlText) {
      line += words(child);
    } else if (child instanceof Y.XmlElement) {
      if (child.nodeName === 'hardBreak') line += '\n';
      else if (child.nodeName === 'mention') line += `@${String(child.getAttribute('label') ?? '')}`;
      else found.push(...lines(child));
    }
  }
  return line === '' && found.length > 0 ? found : [line, ...found];
}

function words(text: Y.XmlText): string {
  const parts = text.toDelta() as { insert: unknown }[];
  return parts.map((part) => (typeof part.insert === 'string' ? part.insert : '')).join('');
}
