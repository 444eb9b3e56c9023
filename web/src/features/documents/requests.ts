/** What is asked of the hub about one document, and told to everybody as events. */
import { api } from '../../api/client';
import type { AttachDocument, AttachedFile, Merged, ReadAs } from '../../wire/generated';
import { newSendId } from '../../wire/ids';

/** A conversion may wait for others. */
const CONVERSION_MS = 90_000;

const at = (document: string): string => `/api/documents/${encodeURIComponent(document)}`;

/** Put a live document into its thread as a file. */
export function attachDocument(document: string, wish: AttachDocument): Promise<AttachedFile> {
  return api.post<AttachedFile>(`${at(document)}/attach`, wish, { timeoutMs: CONVERSION_MS });
}

/** Read the text file of a live document in another encoding than it was taken for. */
export function readAs(document: string, encoding: ReadAs['encoding']): Promise<Merged> {
  return api.post<Merged>(`${at(document)}/encoding`, { encoding, send_id: newSendId() }, { timeoutMs: CONVERSION_MS });
}

/** @param anyway also without the characters that the format cannot show. */
export function exportDocument(document: string, format: AttachDocument['format'], anyway: boolean): Promise<Uint8Array> {
  return api.bytes(`${at(document)}/export?format=${format}${anyway ? '' : '&strict'}`, { timeoutMs: CONVERSION_MS });
}
