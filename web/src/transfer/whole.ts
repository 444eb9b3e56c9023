/**
 * A small file in the one request that begins its upload (tus 1.0.0, creation-with-upload): there is nothing
 * to go on with, and without the machinery for that a thousand of them take a fraction of the time.
 */
import type { HttpStack } from 'tus-js-client';

export interface Whole {
  /** `f_…`. */
  readonly upload: string;
  /** Bytes the hub said are on its disk. */
  readonly acknowledged: number;
}

/**
 * @throws an error that `judge` knows: of the file that cannot be read, or of the answer.
 * @param begun told before the request goes, which it may end by throwing; later it can be aborted.
 */
export async function sendWhole(
  file: File,
  { endpoint, thread, stack }: { endpoint: string; thread: string; stack: HttpStack },
  begun: (abort: () => void) => void,
): Promise<Whole> {
  const body = new Blob([await file.arrayBuffer()]); // what cannot be read says so here
  const request = stack.createRequest('POST', endpoint);
  request.setHeader('Tus-Resumable', '1.0.0');
  request.setHeader('Upload-Length', String(file.size));
  request.setHeader('Upload-Metadata', metadata({ thread, filename: file.name, filetype: file.type }));
  request.setHeader('Content-Type', 'application/offset+octet-stream');
  begun(() => void request.abort());
  const response = await request.send(body).catch((cause: unknown) => {
    throw Object.assign(new Error('The hub cannot be reached.', { cause }), { originalResponse: null });
  });
  const upload = /[^/?#]+(?=\/*(?:[?#]|$))/.exec(response.getHeader('Location') ?? '')?.[0];
  if (response.getStatus() !== 201 || !upload) {
    throw Object.assign(new Error(`The hub answered ${response.getStatus()}.`), { originalResponse: response });
  }
  return { upload, acknowledged: Number(response.getHeader('Upload-Offset') ?? 0) };
}

function metadata(pairs: Record<string, string>): string {
  const base64 = (value: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(value)));
  return Object.entries(pairs)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${base64(value)}`)
    .join(',');
}
