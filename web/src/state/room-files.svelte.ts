/** The files of a thread: all of them on demand, and what can be done with one. */
import type { api } from '../api/client';
import { ApiError, asApiError } from '../wire/error';
import type { Attachment, Attachments, PropertyValue } from '../wire/generated';
import { newSendId } from '../wire/ids';
import type { CommandBody } from '../wire/live';
import { attachmentId } from './attachments';
import type { FilesStatus, FilesStore } from './types';

/** The first page is what is seen at once; the others follow. */
const FIRST_PAGE = 100;
const PAGE = 2000;
const MOST_NAMED = 200;

/** `head`: up to where it is true; the answer for a single file does not say. */
export interface FilesAnswer {
  readonly attachments: readonly Attachment[];
  readonly head?: number;
}

export interface RoomFilesOptions {
  readonly thread: string;
  readonly http: Pick<typeof api, 'get'>;
  /** Ask, and take what is answered together with the events that came meanwhile. */
  ask(work: () => Promise<FilesAnswer>): Promise<void>;
  /** The whole list is here, true as of the seq of its first page: what is in no page is erased. */
  listed(ids: ReadonlySet<string>, asOf: number): void;
  commit(command: CommandBody): Promise<unknown>;
  /** Send one file, in a message without words or as a picture of a document. */
  send(file: File, sendId: string, as: { attachment: string } | { document: string }): Promise<void>;
  /** Who sends. */
  readonly me: string;
}

export class RoomFiles implements FilesStore {
  /** Of the whole list; `ready` once the last page is here. */
  status: FilesStatus = $state('none');
  error: ApiError | null = $state.raw(null);
  /** Bytes in this thread, and how many there may be. */
  used = $state(0);
  quota: number | null = $state(null);
  readonly #options: RoomFilesOptions;
  #loading: Promise<void> | null = null;
  /** What came up to this seq is counted. */
  #usedAsOf = 0;
  /** Counts how often the thread was read anew. */
  #reading = 0;
  /** What `learn` asked for, and what it has still to ask for. */
  readonly #asked = new Set<string>();
  readonly #wanted: string[] = [];
  /** Pictures that this page sent: shown from here. */
  readonly #local = new Map<string, string>();

  constructor(options: RoomFilesOptions) {
    this.#options = options;
  }

  /** Have all files of the thread, page by page; again to catch up. */
  load(): Promise<void> {
    if (this.#loading) return this.#loading;
    const loading = this.#load().finally(() => {
      if (this.#loading === loading) this.#loading = null;
    });
    this.#loading = loading;
    return loading;
  }

  /** The thread was read anew: nothing that was asked for is here any more. */
  reset(): void {
    this.#reading++;
    this.#loading = null;
    this.#asked.clear();
    this.#wanted.length = 0;
    this.status = 'none';
  }

  async #load(): Promise<void> {
    if (this.status !== 'ready') this.status = 'loading';
    this.error = null;
    const reading = this.#reading;
    const listed = new Set<string>();
    let asOf = null as number | null;
    try {
      let before: number | null = null;
      for (let more = true; more; ) {
        const query: string = before === null ? `limit=${FIRST_PAGE}` : `limit=${PAGE}&before=${before}`;
        await this.#options.ask(async () => {
          const page = await this.#page(query);
          for (const one of page.attachments) listed.add(one.attachment);
          asOf ??= page.head;
          before = page.attachments.at(-1)?.seq ?? null;
          more = page.more && before !== null;
          this.used = page.used;
          this.#usedAsOf = page.head;
          this.quota = page.quota;
          return page;
        });
        if (reading !== this.#reading) return;
      }
      if (asOf !== null) this.#options.listed(listed, asOf);
      this.status = 'ready';
    } catch (thrown) {
      if (reading !== this.#reading) return;
      this.error = asApiError(thrown);
      this.status = 'error';
    }
  }

  /** The bytes of a version are here. */
  arrived(seq: number, bytes: number): void {
    if (seq > this.#usedAsOf) this.used += bytes;
  }

  /** Have a file with all of its versions. */
  async loadOne(attachment: string): Promise<void> {
    await this.#options.ask(async () => ({ attachments: [await this.#options.http.get<Attachment>(`/api/attachments/${attachment}`)] }));
  }

  async rename(attachment: string, name: string): Promise<void> {
    await this.#commit({ cmd: 'rename_attachment', attachment, name });
  }

  async remove(attachment: string): Promise<void> {
    await this.#commit({ cmd: 'remove_attachment', attachment });
  }

  async undoRemove(attachment: string): Promise<void> {
    await this.#commit({ cmd: 'unremove_attachment', attachment });
  }

  async setProperty(attachment: string, key: string, property: PropertyValue | null): Promise<void> {
    await this.#commit({ cmd: 'set_property', attachment, key, property });
  }

  /** Show another version. */
  async restore(attachment: string, number: number): Promise<void> {
    await this.#commit({ cmd: 'restore_version', attachment, number });
  }

  async addVersion(attachment: string, file: File): Promise<void> {
    await this.#options.send(file, newSendId(), { attachment });
  }

  async addPicture(document: string, file: File): Promise<string> {
    const sendId = newSendId();
    const attachment = await attachmentId(this.#options.thread, this.#options.me, sendId);
    this.#local.set(attachment, URL.createObjectURL(file));
    await this.#options.send(file, sendId, { document });
    return attachment;
  }

  learn(attachment: string): void {
    if (this.#asked.has(attachment)) return;
    this.#asked.add(attachment);
    if (this.#wanted.push(attachment) === 1) setTimeout(() => void this.#learnWanted());
  }

  async #learnWanted(): Promise<void> {
    const names = this.#wanted.splice(0, MOST_NAMED);
    if (this.#wanted.length > 0) setTimeout(() => void this.#learnWanted());
    if (names.length === 0) return; // the thread was read anew
    await this.#askNamed(names).catch(() => {
      for (const one of names) this.#asked.delete(one); // when it is looked at again
    });
  }

  /** Have what was told of files while the connection was away: no event tells it again. */
  async catchUp(names: readonly string[]): Promise<void> {
    for (let at = 0; at < names.length; at += MOST_NAMED) await this.#askNamed(names.slice(at, at + MOST_NAMED));
  }

  #askNamed(names: readonly string[]): Promise<void> {
    const query = new URLSearchParams(names.map((one) => ['attachment', one])).toString();
    return this.#options.ask(() => this.#page(query));
  }

  #page(query: string): Promise<Attachments> {
    return this.#options.http.get<Attachments>(`/api/threads/${this.#options.thread}/attachments?${query}`);
  }

  localOf(attachment: string): string | null {
    return this.#local.get(attachment) ?? null;
  }

  /** Let go of what is here only to be looked at. */
  end(): void {
    for (const address of this.#local.values()) URL.revokeObjectURL(address);
    this.#local.clear();
  }

  /** Send a version to another thread; no bytes move. */
  async sendOn(attachment: string, number: number, thread: string, sendId: string): Promise<void> {
    await this.#options.commit({ cmd: 'post', thread, send_id: sendId, text: '', files: [{ source: attachment, number }] });
  }

  async #commit(body: { cmd: string; attachment: string; [more: string]: unknown }): Promise<void> {
    await this.#options.commit({ ...body, thread: this.#options.thread, send_id: newSendId() } as CommandBody);
  }
}
