/**
 * Pictures without what a camera wrote beside them: where they were taken, with what and by whom. How
 * they are to be turned stays.
 *
 * Source: ITU-T T.81 annex B, JFIF, Exif 2.32 and CIPA DC-007 (JPEG), PNG third edition 11.3 (eXIf, tEXt and the like), WebP container (RIFF).
 */

/** The same file without it; itself when there is nothing, or when it is of another kind. */
export async function withoutPlace(file: File): Promise<File> {
  const strip = STRIPPERS[file.type];
  if (!strip) return file;
  const bytes = new Uint8Array(await file.arrayBuffer());
  let parts: Uint8Array[] | null = null;
  try {
    parts = strip(bytes);
  } catch {
    // Not what it says it is: others look at it closely.
  }
  return parts ? new File(parts as BlobPart[], file.name, { type: file.type, lastModified: file.lastModified }) : file;
}

type Strip = (bytes: Uint8Array) => Uint8Array[] | null;

const STRIPPERS: Partial<Record<string, Strip>> = { 'image/jpeg': jpeg, 'image/png': png, 'image/webp': webp };

const ascii = (bytes: Uint8Array, at: number, length: number): string => String.fromCharCode(...bytes.subarray(at, at + length));

function jpeg(bytes: Uint8Array): Uint8Array[] | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let dropped = false;
  let at = 2;
  while (at + 2 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (marker === 0xd9) {
      // Phones put a film, or more pictures with an Exif of their own, behind the first picture.
      kept.push(bytes.subarray(at, at + 2));
      return dropped || at + 2 < bytes.length ? kept : null;
    }
    if (at + 4 > bytes.length) break;
    const head = at + 2 + view.getUint16(at + 2);
    const end = marker === 0xda ? scanEnd(bytes, head) : head;
    const isExif = marker === 0xe1;
    // IPTC has places, too; so have comments. An MPF says where the other pictures are.
    if (isExif || marker === 0xed || marker === 0xfe || (marker === 0xe2 && ascii(bytes, at + 4, 4) === 'MPF\0')) {
      dropped = true;
      const turn = isExif && ascii(bytes, at + 4, 6) === 'Exif\0\0' ? orientation(view, at + 10, end) : 1;
      if (turn !== 1) kept.push(turned(turn));
    } else kept.push(bytes.subarray(at, end));
    at = end;
  }
  return dropped ? [...kept, bytes.subarray(at)] : null;
}

/** Where the bits of a scan end: at the next marker that is none of their own. */
function scanEnd(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    const stuffed = next === 0x00 || next === 0xff;
    const restart = next !== undefined && next >= 0xd0 && next <= 0xd7;
    if (!stuffed && !restart) return at;
  }
  return bytes.length;
}

/** Of a TIFF header between two offsets: 1 to 8. */
function orientation(view: DataView, start: number, end: number): number {
  if (start + 8 > end) return 1;
  const little = view.getUint16(start) === 0x4949;
  const entries = start + view.getUint32(start + 4, little);
  if (entries + 2 > end) return 1;
  const count = view.getUint16(entries, little);
  for (let index = 0; index < count; index++) {
    const entry = entries + 2 + index * 12;
    if (entry + 12 > end) break;
    if (view.getUint16(entry, little) === 0x0112) {
      const value = view.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  }
  return 1;
}

/** An Exif segment that says nothing but how to turn it. */
function turned(value: number): Uint8Array {
  // prettier-ignore
  return new Uint8Array([
    0xff, 0xe1, 0x00, 0x22, 0x45, 0x78, 0x69, 0x66, 0x00, 0x00,
    0x4d, 0x4d, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x08,
    0x00, 0x01, 0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, value, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,
  ]);
}

const PNG_DROPPED = new Set(['eXIf', 'tEXt', 'zTXt', 'iTXt', 'tIME']);

function png(bytes: Uint8Array): Uint8Array[] | null {
  if (ascii(bytes, 1, 3) !== 'PNG') return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  let dropped = false;
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 12 + view.getUint32(at);
    if (PNG_DROPPED.has(ascii(bytes, at + 4, 4))) dropped = true;
    else kept.push(bytes.subarray(at, end));
    at = end;
  }
  return dropped ? kept : null;
}

function webp(bytes: Uint8Array): Uint8Array[] | null {
  if (ascii(bytes, 0, 4) !== 'RIFF' || ascii(bytes, 8, 4) !== 'WEBP') return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [];
  let dropped = false;
  let at = 12;
  while (at + 8 <= bytes.length) {
    const size = view.getUint32(at + 4, true);
    const end = at + 8 + size + (size % 2);
    const kind = ascii(bytes, at, 4);
    if (kind === 'EXIF' || kind === 'XMP ') dropped = true;
    else {
      const chunk = bytes.slice(at, end);
      if (kind === 'VP8X') chunk[8] = (chunk[8] ?? 0) & ~0b1100; // neither is here
      kept.push(chunk);
    }
    at = end;
  }
  if (!dropped) return null;
  const head = bytes.slice(0, 12);
  new DataView(head.buffer).setUint32(4, 4 + kept.reduce((sum, one) => sum + one.length, 0), true);
  return [head, ...kept];
}
