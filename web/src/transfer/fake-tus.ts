// @ts-nocheck The types of node would hold for the code of the browser, too.
/**
 * For tests: a tus server over node:http that can cut, refuse, wait and lose answers, the transport that
 * brings the genuine tus-js-client to it under node, and tabs of one browser.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';

import type { HoldLock } from './peers';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly upload: string;
  readonly filename: string;
}

/**
 * What happens to a request: a problem document; the connection cut after so many bytes of its body were
 * taken; taken, but the answer lost; held until a promise resolves. Undefined: as it should be.
 */
export type Fault =
  | { readonly status: number; readonly code?: string; readonly detail?: string; readonly retryAfter?: number }
  | { readonly cutAfter: number }
  | { readonly loseAnswer: true }
  | { readonly until: Promise<unknown> }
  | undefined;

export interface Stored {
  readonly name: string;
  readonly thread: string;
  readonly size: number;
  bytes: Buffer;
}

export class FakeTus {
  readonly requests: Asked[] = [];
  readonly uploads = new Map<string, Stored>();
  fault: (asked: Asked) => Fault = () => undefined;
  atOnce = 0;
  mostAtOnce = 0;
  #server!: http.Server;
  #count = 0;

  static async start(): Promise<FakeTus> {
    const one = new FakeTus();
    one.#server = http.createServer((request, response) => void one.#answer(request, response));
    await new Promise<void>((resolve) => one.#server.listen(0, '127.0.0.1', resolve));
    return one;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/files/`;
  }

  /** What came of a file, whole. */
  bytesOf(name: string): string | undefined {
    return [...this.uploads.values()].find((one) => one.name === name && one.bytes.length === one.size)?.bytes.toString();
  }

  asked(method: string): Asked[] {
    return this.requests.filter((one) => one.method === method);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const told = metadata(String(request.headers['upload-metadata'] ?? ''));
    const upload = (request.url ?? '').replace('/files/', '');
    const filename = told['filename'] ?? this.uploads.get(upload)?.name ?? '';
    const asked: Asked = { method: request.method ?? '', path: request.url ?? '', upload, filename };
    this.requests.push(asked);
    const sends = asked.method === 'PATCH' || (asked.method === 'POST' && request.headers['content-type'] !== undefined);
    if (sends) this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    try {
      const fault = this.fault(asked);
      if (fault && 'status' in fault) return await refuse(request, response, fault);
      if (fault && 'until' in fault) await fault.until;
      await this.#take(asked, told, request, response, fault);
    } catch {
      response.destroy();
    } finally {
      if (sends) this.atOnce--;
    }
  }

  async #take(asked: Asked, told: Record<string, string>, request: http.IncomingMessage, response: http.ServerResponse, fault: Fault): Promise<void> {
    const headers: Record<string, string> = { 'Tus-Resumable': '1.0.0' };
    let id = asked.upload;
    if (asked.method === 'POST') {
      id = `f_${++this.#count}`;
      this.uploads.set(id, { name: asked.filename, thread: told['thread'] ?? '', size: Number(request.headers['upload-length']), bytes: Buffer.alloc(0) });
      headers['Location'] = `/files/${id}`;
    }
    const stored = this.uploads.get(id);
    if (!stored) return refuse(request, response, { status: 404, code: 'upload_not_found', detail: 'No such upload.' });
    if (asked.method === 'DELETE') this.uploads.delete(id);
    if (asked.method === 'PATCH' && Number(request.headers['upload-offset']) !== stored.bytes.length) {
      return refuse(request, response, { status: 409, code: 'wrong_offset', detail: 'It stands elsewhere.' });
    }
    let taken = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      const most = fault && 'cutAfter' in fault ? Math.max(0, fault.cutAfter - taken) : part.length;
      stored.bytes = Buffer.concat([stored.bytes, part.subarray(0, most)]);
      taken += part.length;
      if (fault && 'cutAfter' in fault && taken >= fault.cutAfter) {
        request.destroy();
        return;
      }
    }
    if (fault && 'loseAnswer' in fault) {
      response.destroy();
      return;
    }
    headers['Upload-Offset'] = String(stored.bytes.length);
    if (asked.method === 'HEAD') headers['Upload-Length'] = String(stored.size);
    response.writeHead(asked.method === 'POST' ? 201 : asked.method === 'HEAD' ? 200 : 204, headers).end();
  }
}

async function refuse(request: http.IncomingMessage, response: http.ServerResponse, fault: Fault & { status: number }): Promise<void> {
  request.resume();
  const { status, code = 'internal', detail = 'It did not work.', retryAfter } = fault;
  const body = JSON.stringify({ type: 'about:blank', title: detail, status, detail, code, retry_after_s: retryAfter ?? null });
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(request.method === 'HEAD' ? undefined : body);
}

function metadata(header: string): Record<string, string> {
  const pairs = header.split(',').map((pair) => pair.split(' '));
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, Buffer.from(value, 'base64').toString()]));
}

/** As XMLHttpRequest does it: what is aborted is silent. */
export class NodeStack implements HttpStack {
  readonly #agent = new http.Agent({ keepAlive: true });
  /** Called for each request, as it goes. */
  sent = 0;

  getName(): string {
    return 'node';
  }

  createRequest(method: string, url: string): HttpRequest {
    const headers: Record<string, string> = {};
    let progress: (bytes: number) => void = () => undefined;
    let request: http.ClientRequest | undefined;
    let aborted = false;
    const send = async (body: Blob | null): Promise<HttpResponse> => {
      const bytes = body ? Buffer.from(await body.arrayBuffer()) : null;
      this.sent++;
      return new Promise((resolve, reject) => {
        if (aborted) return;
        const length = bytes ? { 'Content-Length': String(bytes.length) } : {};
        request = http.request(url, { method, headers: { ...headers, ...length }, agent: this.#agent }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', () => aborted || reject(new Error('cut')));
          response.on('end', () => {
            if (aborted) return;
            resolve({
              getStatus: () => response.statusCode ?? 0,
              getHeader: (name) => response.headers[name.toLowerCase()] as string | undefined,
              getBody: () => Buffer.concat(parts).toString(),
              getUnderlyingObject: () => response,
            });
          });
        });
        request.on('error', () => aborted || reject(new Error('cut')));
        if (bytes) progress(bytes.length / 2);
        request.end(bytes ?? undefined);
      });
    };
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => (headers[name] = value),
      getHeader: (name) => headers[name],
      setProgressHandler: (handler) => (progress = handler),
      send,
      abort: () => {
        aborted = true;
        request?.destroy();
        return Promise.resolve();
      },
      getUnderlyingObject: () => request,
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The locks of one browser. */
export class FakeLocks {
  readonly #held = new Map<string, (() => void)[]>();

  readonly hold: HoldLock = (name, held) => {
    const queue = this.#held.get(name) ?? [];
    this.#held.set(name, queue);
    queue.push(held);
    if (queue[0] === held) held();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const first = queue[0] === held;
      queue.splice(queue.indexOf(held), 1);
      if (first) queue[0]?.();
    };
  };

  readonly lock = async <T>(name: string, task: () => Promise<T>): Promise<T> => {
    let release: () => void = () => undefined;
    await new Promise<void>((resolve) => (release = this.hold(name, resolve)));
    try {
      return await task();
    } finally {
      release();
    }
  };
}
