/**
 * That a file is the one whose bytes were sent: hashes of pieces of it, noted while it was sent.
 *
 * Not of all pieces: that would read a file of 20 GiB twice. The first, the last, and those before each
 * offset the hub acknowledged tell files apart that differ as files do.
 */

const PIECE_BYTES = 2 ** 20;
/** More are thinned out: a proof stays below 10 kB and is checked in a second. */
const MOST = 64;

export interface Sample {
  readonly start: number;
  readonly end: number;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

export type Proof = readonly Sample[];

/** @throws DOMException the file cannot be read (any more). */
export async function beginProof(file: Blob): Promise<Proof> {
  const first = await sample(file, 0, PIECE_BYTES);
  return file.size > PIECE_BYTES ? [first, await sample(file, file.size - PIECE_BYTES, file.size)] : [first];
}

/** With the piece before an offset. @throws DOMException as `beginProof`. */
export async function extendProof(proof: Proof, file: Blob, offset: number): Promise<Proof> {
  const start = Math.max(0, offset - PIECE_BYTES);
  if (offset <= 0 || proof.some((one) => one.start === start)) return proof;
  const extended = [...proof, await sample(file, start, offset)];
  // The two of the beginning stay, and the newest.
  return extended.length <= MOST ? extended : extended.filter((_, index) => index < 2 || index % 2 === 1 || index === extended.length - 1);
}

/** Whether the file is the one. @throws DOMException as `beginProof`. */
export async function proves(proof: Proof, file: Blob): Promise<boolean> {
  for (const { start, end, hash } of proof) {
    if (end > file.size || (await sample(file, start, end)).hash !== hash) return false;
  }
  return true;
}

async function sample(file: Blob, start: number, end: number): Promise<Sample> {
  const bytes = await file.slice(start, end).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { start, end: start + bytes.byteLength, hash };
}
