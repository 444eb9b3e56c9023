/**
 * One attempt to send one file, by tus-js-client: from where the hub says the upload stands to its end,
 * a refusal or a break. Never tries again by itself, and never begins a second upload in place of one
 * that the hub does not find: a message may name it.
 *
 * Source: docs/adr/0015; tus 1.0.0.
 */
import type { HttpStack, Upload, UploadOptions } from 'tus-js-client';

import { sendWhole } from './whole';

/** Up to here a file is sent with the request that begins its upload. */
export const ONE_REQUEST_BYTES = 2 ** 20;
const MIB = 2 ** 20;
/** A request takes about so long: as often the hub says what is safe. */
const REQUEST_S = 4;
const FIRST_BYTES = 8 * MIB;
const MOST_BYTES = 64 * MIB;
/** Nothing moved for so long: the connection is dead, whatever the browser thinks. */
const STALL_MS = 60_000;
/** The network's buffers may hold all of it, and say nothing until it is there. */
const ONE_REQUEST_STALL_MS = 180_000;

export interface SendingEvents {
  /** The hub gave the upload its id. */
  named(upload: string): void;
  /** So many bytes were given to the network. */
  progress(sent: number): void;
  acknowledged(bytes: number): void;
  done(): void;
  /** As it was asked to: named, or stopped. */
  stopped(): void;
  failed(error: unknown): void;
}

export interface SendingOptions {
  readonly endpoint: string;
  readonly thread: string;
  /** Of an upload that was begun. */
  readonly upload: string | null;
  /** Begin the upload and stop: its bytes have to wait for their turn. */
  readonly nameOnly: boolean;
  /** Only tests bring one. */
  readonly httpStack?: HttpStack;
}

export class Sending {
  #tus: Upload | null = null;
  #named: boolean;
  #stops: boolean;
  #ended = false;
  #stall: ReturnType<typeof setTimeout> | undefined;
  #requestAt = 0;
  /** Of the one request; null while none is under way. */
  #abort: (() => void) | null = null;
  readonly #oneRequest: boolean;

  constructor(
    private readonly file: File,
    private readonly options: SendingOptions,
    private readonly events: SendingEvents,
  ) {
    this.#named = options.upload !== null;
    this.#stops = options.nameOnly;
    this.#oneRequest = !this.#named && !options.nameOnly && file.size <= ONE_REQUEST_BYTES;
  }

  async start(): Promise<void> {
    try {
      const { DefaultHttpStack, Upload } = await import('tus-js-client');
      if (this.#ended) return;
      if (this.#oneRequest) {
        await this.#sendWhole(this.options.httpStack ?? new DefaultHttpStack({}));
        return;
      }
      if (this.#stops && this.#named) {
        this.#end(() => this.events.stopped());
        return;
      }
      this.#tus = new Upload(this.file, this.#tusOptions());
      this.#watch();
      this.#tus.start();
    } catch (error) {
      this.#end(() => this.events.failed(error));
    }
  }

  /**
   * Stop soon. An upload that is just being begun is begun first: else the hub would keep one that
   * nobody knows.
   */
  stop(): void {
    this.#stops = true;
    if (!this.#named && (this.#tus || this.#abort)) return;
    this.#end(() => this.events.stopped());
  }

  /** Stop now, whatever becomes of it. */
  abort(): void {
    this.#end(() => undefined);
  }

  async #sendWhole(stack: HttpStack): Promise<void> {
    this.#watch();
    const { endpoint, thread } = this.options;
    const { upload, acknowledged } = await sendWhole(this.file, { endpoint, thread, stack }, (abort) => {
      if (this.#ended) throw new Error('It was stopped before it was begun.');
      this.#abort = abort;
    });
    if (this.#ended) return;
    this.#named = true;
    this.events.named(upload);
    this.events.acknowledged(acknowledged);
    // A hub that took a part of it goes on with the rest.
    this.#end(() => (acknowledged >= this.file.size ? this.events.done() : this.events.stopped()));
  }

  #tusOptions(): UploadOptions {
    const { endpoint, upload, thread, httpStack } = this.options;
    return {
      // With an endpoint, tus-js-client begins anew where it does not find the upload.
      endpoint: upload === null ? endpoint : null,
      uploadUrl: upload === null ? null : endpoint + upload,
      metadata: { thread, filename: this.file.name, filetype: this.file.type },
      chunkSize: FIRST_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: () => Promise.resolve(''),
      fileReader: { openFile: () => Promise.resolve(source(this.file)) },
      ...(httpStack ? { httpStack } : {}),
      onUploadUrlAvailable: () => this.#name(),
      onProgress: (sent) => {
        this.#watch();
        if (!this.#ended) this.events.progress(sent);
      },
      onAfterResponse: (request, response) => {
        this.#watch();
        const offset = Number(response.getHeader('Upload-Offset') ?? '');
        if (!this.#ended && request.getMethod() === 'HEAD' && response.getStatus() < 300 && offset > 0) this.events.acknowledged(offset);
      },
      onChunkComplete: (size, accepted) => this.#acknowledge(size, accepted),
      onSuccess: () => this.#end(() => this.events.done()),
      onError: (error) => this.#end(() => this.events.failed(error)),
    };
  }

  #name(): void {
    if (this.#ended || !this.#tus) return;
    const first = !this.#named;
    this.#named = true;
    this.#requestAt = Date.now();
    if (first) this.events.named(idOf(this.#tus.url ?? ''));
    if (this.#stops && this.file.size > 0) this.#end(() => this.events.stopped());
  }

  #acknowledge(size: number, accepted: number): void {
    if (this.#ended) return;
    const now = Date.now();
    const seconds = (now - this.#requestAt) / 1000;
    this.#requestAt = now;
    if (this.#tus && seconds > 0 && size > 0) {
      const fitting = Math.round(((size / seconds) * REQUEST_S) / MIB) * MIB;
      this.#tus.options.chunkSize = Math.min(MOST_BYTES, Math.max(MIB, fitting));
    }
    this.events.acknowledged(accepted);
    if (this.#stops && accepted < this.file.size) this.#end(() => this.events.stopped());
  }

  #watch(): void {
    clearTimeout(this.#stall);
    if (this.#ended) return;
    const waitMs = this.#oneRequest ? ONE_REQUEST_STALL_MS : STALL_MS;
    this.#stall = setTimeout(() => this.#end(() => this.events.failed(new Error('Nothing moves.'))), waitMs);
  }

  #end(tell: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#stall);
    void this.#tus?.abort();
    this.#abort?.();
    tell();
  }
}

/** Give an upload up. Rejects as tus-js-client does. */
export async function terminate(url: string, httpStack?: HttpStack): Promise<void> {
  const { Upload } = await import('tus-js-client');
  await Upload.terminate(url, { retryDelays: null, ...(httpStack ? { httpStack } : {}) });
}

function idOf(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/\/+$/, '').replace(/^.*\//, '');
}

/** Reads a byte before each request: a request that fails at its body does not say why. */
function source(file: File): { size: number; slice(start: number, end: number): Promise<{ value: Blob; done: boolean }>; close(): void } {
  return {
    size: file.size,
    slice: async (start, end) => {
      const value = file.slice(start, end);
      if (start < file.size) await file.slice(start, start + 1).arrayBuffer();
      return { value, done: end >= file.size };
    },
    close: () => undefined,
  };
}
