/** What the work pane says and offers, without drawing it. Pure. */
import type { DocumentSession, PrivateCopy, ReadReason, SyncState } from '../../state';
import type { Component } from 'svelte';
import type { DocumentInfo, FileState, PresenceEntry } from '../../wire/generated';

/** A tab beside those of the documents. */
export interface MoreTab {
  readonly label: string;
  readonly icon: Component;
  readonly shown: boolean;
  readonly onshow: () => void;
}

/** Caret colours, one a hue of `ui/Avatar`; white reads on each of them (4.5 to 1 and more). */
const CARETS = ['#00737a', '#7a4bb8', '#a84a00', '#2b7a34', '#2f5fc4', '#b0326f', '#6f6400', '#00709f'] as const;

/** The caret colour of a hue, always as #rrggbb. */
export function caretColour(hue: number): string {
  return CARETS[hue % CARETS.length] ?? CARETS[0];
}

/** What the state of a document is called. */
export function syncWords(sync: SyncState, unsent: number, keeps = true): string {
  const kept = unsent === 0 ? '' : keeps ? `, ${unsent} kept here` : `, ${unsent} not kept on this device`;
  switch (sync) {
    case 'loading':
      return 'Loading';
    case 'saved':
      return 'Saved';
    case 'sending':
      return unsent > 0 ? `Sending ${unsent}${keeps ? '' : ', not kept on this device'}` : 'Syncing';
    case 'offline':
      return `Offline${kept}`;
    case 'error':
      return `Not in step${kept}`;
  }
}

/** Why a document cannot be edited, or null. */
export function readWords(reason: ReadReason | null): string | null {
  switch (reason) {
    case 'role':
      return 'You may read this document. An owner can let you write.';
    case 'schema':
      return 'This document was made by a newer version of the client. Reload the page to edit it.';
    case 'no_author_id':
      return 'This document was never opened for writing in this browser. Connect once to edit it.';
    default:
      return null;
  }
}

export function privateCopyWords({ kind, count }: PrivateCopy): string {
  switch (kind) {
    case 'deleted':
      return 'Somebody deleted the place where you wrote, perhaps without seeing it. Your words are here: copy what you want to keep.';
    case 'theirs':
      return 'Somebody wrote in what you deleted, perhaps before you could see it. Their words are here: copy what should stay.';
    case 'refused': {
      const changes = count === 1 ? 'Your 1 unsent change is' : `Your ${count} unsent changes are`;
      return `${changes} a private copy now. The hub did not take ${count === 1 ? 'it' : 'them'}; below is the document as the hub has it. Copy what you want to keep.`;
    }
  }
}

/** Whether the person edits: the hub allows it and they did not choose to read. */
export function isEditing(session: Pick<DocumentSession, 'mode'>, canWrite: boolean, wanted: 'edit' | 'read'): boolean {
  return session.mode === 'edit' && canWrite && wanted === 'edit';
}

/** Whether a document has anything that its file has not, in words. */
export function standingWords(state: FileState | null, unsaved: boolean): string {
  if (!state) return '';
  if (state.shown == null) return 'Its file is gone';
  return unsaved ? 'Unsaved changes' : 'As in the file';
}

const NOTICES: Readonly<Record<string, string>> = {
  changes: 'tracked changes', comments: 'comments', drawings: 'drawings', fields: 'fields (tables of contents, page numbers)', formulas: 'formulas', headers: 'headers and footers', macros: 'macros', objects: 'embedded objects', tables: 'tables that cannot be edited here',
};

/** What of a file its document does not show, or shows and does not edit; null for nothing. */
export function noticeWords(notices: readonly string[]): string | null {
  const kept = notices.flatMap((code) => NOTICES[code] ?? []);
  const words = kept.length === 0 ? [] : [`Kept in the file as they are: ${kept.join(', ')}.`];
  if (notices.includes('signature')) words.push('The file is signed; a version that is saved here is not.');
  return words.length === 0 ? null : words.join(' ');
}

/** "2 changes" */
export function changeWords(count: number): string {
  return count === 1 ? '1 change' : `${count} changes`;
}

/** "Changed since by Ada and Ben" */
export function authorWords(names: readonly string[]): string {
  return `Changed since by ${names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '')}`;
}

/** Who else has the document open, each once. */
export function readersOf(presence: readonly PresenceEntry[], document: string, me: string): string[] {
  return [...new Set(presence.filter((one) => one.document === document && one.uid !== me).map((one) => one.uid))];
}

/** Which document to show: the asked one, the one of last time, the first. */
export function documentToShow(documents: readonly DocumentInfo[], asked: string | null, last: string | null): DocumentInfo | null {
  for (const wanted of [asked, last]) {
    const found = documents.find((one) => one.document === wanted);
    if (found) return found;
  }
  return documents[0] ?? null;
}

/** A browser reads the name of a host in the square of its length. */
const MAX_ADDRESS = 8000;

/** An address an editor may link to or open. */
export function linkAddress(written: string): string | null {
  const text = written.trim();
  if (text === '' || text.length > MAX_ADDRESS || /[\u0000-\u001f\u007f]/.test(text)) return null;
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : text.includes('@') && !text.includes('/') ? `mailto:${text}` : `https://${text}`;
  try {
    const url = new URL(absolute);
    return ['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const ATTACHMENT = /^attachment:(a_[\w-]{22})$/;
const SERVED = /^\/api\/attachments\/(a_[\w-]{22})\/versions\/1$/;

/** The attachment that a picture's address names. */
export function attachmentOf(address: string): string | null {
  return ATTACHMENT.exec(address)?.[1] ?? null;
}

/** An address an image may have: an attachment, or what the page's policy lets a browser load. */
export function imageAddress(written: string): string | null {
  const text = written.trim();
  if (ATTACHMENT.test(text)) return text;
  const served = SERVED.exec(text.startsWith(location.origin) ? text.slice(location.origin.length) : text);
  if (served) return `attachment:${served[1]}`;
  if (/^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=]+$/i.test(text)) return text;
  if (text.length > MAX_ADDRESS) return null;
  try {
    const url = new URL(text);
    return url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

/** Languages of text documents: the id the hub keeps, and the name people read. */
export const LANGUAGES: readonly (readonly [string, string])[] = [
  ['', 'By its name'],
  ['plain', 'Plain text'],
  ['markdown', 'Markdown'],
  ['python', 'Python'],
  ['javascript', 'JavaScript'],
  ['typescript', 'TypeScript'],
  ['json', 'JSON'],
  ['html', 'HTML'],
  ['css', 'CSS'],
  ['sql', 'SQL'],
  ['shell', 'Shell'],
  ['yaml', 'YAML'],
  ['toml', 'TOML'],
  ['xml', 'XML'],
  ['rust', 'Rust'],
  ['go', 'Go'],
  ['java', 'Java'],
  ['c', 'C'],
  ['cpp', 'C++'],
  ['csharp', 'C#'],
  ['php', 'PHP'],
  ['ruby', 'Ruby'],
];

/** The language that was chosen, else that of the name's ending. */
export function languageName(id: string | null, title: string): string {
  const ending = /\.(\w+)$/.exec(title)?.[1]?.toLowerCase() ?? '';
  const chosen = id ?? ENDINGS[ending] ?? 'plain';
  return LANGUAGES.find(([one]) => one === chosen)?.[1] ?? chosen;
}

/** Endings of those languages; the editor colours more of them than have a name here. */
const ENDINGS: Readonly<Record<string, string>> = {
  md: 'markdown', py: 'python', js: 'javascript', mjs: 'javascript', ts: 'typescript', json: 'json', html: 'html', css: 'css', sql: 'sql', sh: 'shell',
  yaml: 'yaml', yml: 'yaml', toml: 'toml', xml: 'xml', rs: 'rust', go: 'go', java: 'java', c: 'c', h: 'c', cpp: 'cpp', cc: 'cpp', cs: 'csharp', php: 'php', rb: 'ruby',
};
