/** As which files a document can be had. Pure. */
import type { AttachDocument, Attachment, DocumentInfo } from '../../wire/generated';

export type Format = AttachDocument['format'];

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

/** What a file of this format is called unless somebody says otherwise: the title, without the extension of another format. */
export function suggestedName(title: string, format: Format, kind: DocumentInfo['kind']): string {
  if (kind === 'text' && format === 'txt') return title;
  return title.replace(/\.(docx|odt|ott|docm|md|markdown|pdf|html|txt)$/i, '');
}

/** The file that was made of a document in this format before: another time it is its next version. */
export function madeBefore(files: Iterable<Attachment>, info: DocumentInfo, format: Format): Attachment | null {
  let found: Attachment | null = null;
  for (const file of files) {
    if (file.removed_by != null || file.document != null || file.attachment === info.file?.attachment) continue;
    const made = file.versions.some((version) => version.document === info.document && version.number === file.number);
    if (made && isOf(file, info, format) && (!found || file.seq > found.seq)) found = file;
  }
  return found;
}

function isOf(file: Attachment, info: DocumentInfo, format: Format): boolean {
  if (info.kind === 'text' && format === 'txt') return !/\.(pdf|html)$/i.test(file.name);
  return file.name.toLowerCase().endsWith(`.${format}`);
}
