/** As which files a document can be had. Pure. */
import type { AttachDocument, Attachment, DocumentInfo } from '../../wire/generated';

export type Format = AttachDocument['format'];

const TYPES: Readonly<Record<Format, string>> = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  odt: 'application/vnd.oasis.opendocument.text',
  md: 'text/markdown',
  pdf: 'application/pdf',
  html: 'text/html',
  txt: 'text/plain',
};

export interface Choice {
  readonly format: Format;
  readonly label: string;
  readonly about: string;
  /** A document that is no file yet becomes the live copy of one like this. */
  readonly live: boolean;
}

const RICH: readonly Choice[] = [
  { format: 'docx', label: 'Word', about: '.docx', live: true },
  { format: 'odt', label: 'OpenDocument', about: '.odt', live: true },
  { format: 'md', label: 'Markdown', about: '.md', live: true },
  { format: 'pdf', label: 'PDF', about: 'to hand on and to print', live: false },
  { format: 'html', label: 'Web page', about: '.html', live: false },
  { format: 'txt', label: 'Text', about: '.txt, without its look', live: false },
];

const TEXT: readonly Choice[] = [
  { format: 'txt', label: 'As it is', about: 'a text file', live: true },
  { format: 'pdf', label: 'PDF', about: 'to hand on and to print', live: false },
  { format: 'html', label: 'Web page', about: '.html', live: false },
];

export function choicesOf(kind: DocumentInfo['kind']): readonly Choice[] {
  return kind === 'rich' ? RICH : TEXT;
}

/** What a file of this format is called unless somebody says otherwise: the title, without the extension of another format. The hub adds its own. */
export function suggestedName({ title, kind }: Pick<DocumentInfo, 'title' | 'kind'>, format: Format): string {
  if (kind === 'text' && format === 'txt') return title;
  return title.replace(/\.(docx|odt|ott|docm|md|markdown|pdf|html|txt)$/i, '');
}

/** The name of a download: what was written, with the extension of its format. */
export function fileName(info: Pick<DocumentInfo, 'title' | 'kind'>, format: Format, written: string): string {
  const name = written.trim() || suggestedName(info, format);
  if (info.kind === 'text' && format === 'txt' && name.includes('.')) return name;
  return name.toLowerCase().endsWith(`.${format}`) ? name : `${name}.${format}`;
}

/** The file that was made of a document in this format before: another time it is its next version. */
export function madeBefore(files: Iterable<Attachment>, info: DocumentInfo, format: Format): Attachment | null {
  let found: Attachment | null = null;
  for (const file of files) {
    if (file.removed_by != null || file.document != null || file.attachment === info.file?.attachment) continue;
    const made = file.versions.some((version) => version.number === file.number && version.document === info.document && version.type === TYPES[format]);
    const named = (info.kind === 'text' && format === 'txt') || file.name.toLowerCase().endsWith(`.${format}`);
    if (made && named && (!found || file.seq > found.seq)) found = file;
  }
  return found;
}
