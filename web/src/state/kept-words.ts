/** What a person wrote that is in this browser and not on the hub. */
import { LocalStore } from '../lib/local-store';
import { unsentDocuments } from './unsent-documents';

export interface KeptWords {
  readonly messages: number;
  /** Tasks that were ticked off or opened again. */
  readonly ticks: number;
  /** Documents with changes that were not sent. */
  readonly documents: number;
  /** Versions of documents the hub did not take, not yet dismissed. */
  readonly versions: number;
  /** Files that are not on the hub whole. */
  readonly files: number;
}

/** @throws DOMException the browser does not say: there may be some. */
export async function keptWords(store: LocalStore): Promise<KeptWords> {
  const [messages, ticks, documents, versions, uploads] = await Promise.all([
    store.entries('outbox', ''),
    store.entries('ticks', ''),
    unsentDocuments(store),
    store.entries('private', ''),
    store.entries<{ state: string }>('uploads', ''),
  ]);
  return {
    messages: messages.length,
    ticks: ticks.length,
    documents: documents.size,
    versions: new Set(versions.map(([key]) => key.split('\u0000', 1)[0])).size,
    files: uploads.filter(([, { state }]) => state !== 'done' && state !== 'cancelled').length,
  };
}

/** Of a person who is not signed in: in words, and whether the browser keeps it or only this page. */
export async function keptWordsOf(uid: string): Promise<{ words: string; keeps: boolean }> {
  const store = new LocalStore(uid);
  try {
    return { words: keptInWords(await keptWords(store)), keeps: store.keeps };
  } catch {
    return { words: '', keeps: true };
  } finally {
    await store.close();
  }
}

/** "2 messages and changes to 1 document"; empty when nothing is kept. */
export function keptInWords({ messages, ticks, documents, versions, files }: KeptWords): string {
  const parts = [
    counted(messages, 'message', 'messages'),
    counted(ticks, 'task ticked off', 'tasks ticked off'),
    counted(documents, 'document with changes', 'documents with changes'),
    counted(versions, 'version of a document that the hub did not take', 'versions of documents that the hub did not take'),
    counted(files, 'file that was not sent whole', 'files that were not sent whole'),
  ].filter((part) => part !== '');
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

function counted(count: number, one: string, many: string): string {
  if (count === 0) return '';
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}
