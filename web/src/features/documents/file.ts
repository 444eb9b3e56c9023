/** A text file that a document begins with. */
import type { LineEnds } from '../../wire/generated';

const MAX_BYTES = 1024 * 1024;

export interface TextFile {
  readonly name: string;
  /** Its lines end with LF, whatever they end with in the file. */
  readonly text: string;
  readonly lineEnds: LineEnds;
}

/** Says in words why a file cannot be taken. */
export class FileRefused extends Error {}

/** @throws FileRefused it is no text, or too long. */
export async function readTextFile(file: File): Promise<TextFile> {
  if (file.size > MAX_BYTES) throw new FileRefused('A document can begin with a text file of at most 1 MiB.');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new FileRefused(`${file.name} is no text in UTF-8.`);
  }
  if (text.includes('\u0000')) throw new FileRefused(`${file.name} is no text.`);
  const crlf = text.split('\r\n').length - 1;
  const others = text.split(/\r(?!\n)|(?<!\r)\n/).length - 1;
  return { name: file.name, text: text.replace(/\r\n?/g, '\n'), lineEnds: crlf > others ? 'crlf' : 'lf' };
}
