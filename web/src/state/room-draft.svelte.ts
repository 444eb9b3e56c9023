/** What a person writes to one thread, with the files that go along, until it is a message. */
import type { Attachment } from '../wire/generated';
import { newSendId } from '../wire/ids';
import { MOST_FILES_OF_A_MESSAGE } from '../wire/limits';
import type { OutboxEntry, OutboxFile } from '../wire/outbox';
import type { Item as Upload, UploadQueue } from '../transfer';
import type { DraftIds } from './draft-ids';
import type { Drafts } from './drafts.svelte';
import type { Attachable, SendOptions } from './types';

export interface RoomDraftOptions {
  readonly thread: string;
  readonly drafts: Drafts;
  readonly draftIds: DraftIds;
  readonly outbox: {
    add(message: Pick<OutboxEntry, 'sendId' | 'thread' | 'text' | 'replyTo' | 'mentions' | 'files' | 'document'>): void;
  };
  uploads(): UploadQueue | null;
  loadUploads(): Promise<UploadQueue>;
  /** Those of the thread. */
  files(): ReadonlyMap<string, Attachment>;
}

export class RoomDraft {
  readonly #options: RoomDraftOptions;
  readonly #stopListening: () => void;
  #text = $state('');
  /** The send id of the message that is being written. */
  #id = $state('');
  /** Whether an upload is a file of its own although one of its name is here, where the person said so. */
  #apart: ReadonlyMap<string, boolean> = $state.raw(new Map());
  readonly #byUpload: ReadonlyMap<string, Upload> = $derived.by(() => {
    const here = (this.#options.uploads()?.items ?? []).filter((one) => one.thread === this.#options.thread);
    return new Map(here.flatMap((one) => (one.upload === null ? [] : [[one.upload, one]])));
  });
  readonly #namesakes: ReadonlyMap<string, Attachment> = $derived.by(() => byName(this.#options.files()));

  constructor(options: RoomDraftOptions) {
    this.#options = options;
    this.#text = options.drafts.get(options.thread);
    this.#readAnew();
    this.#stopListening = options.draftIds.listen((thread) => thread === options.thread && this.#readAnew());
  }

  end(): void {
    this.#stopListening();
  }

  /** Another tab may have sent the draft. */
  #readAnew(): void {
    const { thread, draftIds } = this.#options;
    this.#id = draftIds.get(thread);
    this.#apart = draftIds.apart(thread);
  }

  #attaching: Promise<boolean> | null = null;

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.#options.drafts.put(this.#options.thread, text);
  }

  get attached(): readonly Upload[] {
    return this.#filesOf(this.#id);
  }

  attach(files: Attachable | Promise<Attachable>): Promise<void> {
    const work = Promise.all([this.#options.loadUploads(), files]).then(([queue, chosen]) => {
      this.#readAnew();
      addTo(queue, chosen, this.#options.thread, this.#id);
    });
    const before = this.#attaching;
    const all = Promise.all([before ?? true, work.then(() => true, () => false)]).then((done) => {
      if (this.#attaching === all) this.#attaching = null;
      return done.every(Boolean);
    });
    this.#attaching = all;
    return work;
  }

  get attaching(): Promise<boolean> | null {
    return this.#attaching;
  }

  /** Hand it to the outbox, in as many messages as its files need. Returns the send id of the first. */
  send(text: string, { replyTo = null, mentions = [] }: SendOptions): string {
    const { thread, outbox, draftIds } = this.#options;
    this.#readAnew();
    const failed = this.attached.filter((one) => one.state === 'failed');
    const [files, ...rest] = inMessages(this.attached.filter((one) => one.state !== 'failed'));
    const sendId = files ? this.#id : newSendId();
    outbox.add({ sendId, thread, text, replyTo, mentions, ...(files ? { files: this.#outgoing(files) } : {}) });
    for (const some of rest) {
      const next = newSendId();
      const outgoing = this.#outgoing(some);
      this.#assign(some, next);
      outbox.add({ sendId: next, thread, text: '', replyTo: null, mentions: [], files: outgoing });
    }
    if (files) {
      const apart = [...this.#apart].filter(([id]) => failed.some((one) => one.id === id));
      this.#id = draftIds.renew(thread);
      // They are still to be tried again, or left out.
      this.#assign(failed, this.#id);
      this.#keepApart(apart);
    }
    this.text = '';
    return sendId;
  }

  /** Send one file now: a new version, in a message without words, or a picture of a document. */
  async sendFile(file: File, sendId: string, as: { attachment: string } | { document: string }): Promise<void> {
    const { thread, outbox } = this.#options;
    addTo(await this.#options.loadUploads(), [file], thread, sendId);
    const version = 'attachment' in as ? as.attachment : undefined;
    const files = this.#filesOf(sendId).map((one) => outgoing(one, version));
    const picture = 'document' in as ? { document: as.document } : {};
    outbox.add({ sendId, thread, text: '', replyTo: null, mentions: [], files, ...picture });
  }

  versionOf(upload: Upload): Attachment | null {
    // Cameras and clipboards call every picture the same.
    const apart = this.#apart.get(upload.id) ?? upload.type.startsWith('image/');
    return apart ? null : this.namesakeOf(upload);
  }

  namesakeOf(upload: Upload): Attachment | null {
    return this.#namesakes.get(upload.name) ?? null;
  }

  setApart(upload: string, apart: boolean): void {
    this.#keepApart([[upload, apart]]);
  }

  #keepApart(more: readonly (readonly [string, boolean])[]): void {
    this.#apart = new Map([...this.#apart, ...more]);
    this.#options.draftIds.keepApart(this.#options.thread, more);
  }

  /**
   * A message is taken back: its files are files of the draft, new versions of what they were.
   *
   * @param still asked when its files are known: whether it was not sent meanwhile.
   */
  async takeBack({ sendId, files = [] }: Pick<OutboxEntry, 'sendId' | 'files'>, still: () => boolean): Promise<void> {
    if (files.length > 0) await (await this.#options.loadUploads()).loaded;
    if (!still()) return;
    this.#readAnew();
    this.#assign(this.#filesOf(sendId), this.#id);
    this.#keepApart(files.map(({ item, attachment }) => [item, attachment === undefined]));
  }

  /** The message is tried again, and of its files those that failed. */
  retryFiles(sendId: string): void {
    for (const { id, state } of this.#filesOf(sendId)) if (state === 'failed') this.#options.uploads()?.retry(id);
  }

  /** The message is not sent: its files are given up. */
  cancelFiles(sendId: string): void {
    this.#options.uploads()?.cancel(...this.#filesOf(sendId).map(({ id }) => id));
  }

  /** The message is in the history, which shows its files from now on. */
  releaseFiles(sendId: string): void {
    this.#options.uploads()?.dismiss(...this.#filesOf(sendId).map(({ id }) => id));
  }

  /** Nothing comes of an upload any more, the hub says. */
  ended(upload: string): void {
    const item = this.#byUpload.get(upload);
    if (item) this.#options.uploads()?.cancel(item.id);
  }

  /** What this browser sends of a file that arrives. */
  uploadOf(upload: string): Upload | null {
    return this.#byUpload.get(upload) ?? null;
  }

  #filesOf(sendId: string): Upload[] {
    const items = this.#options.uploads()?.items ?? [];
    return items.filter((one) => one.thread === this.#options.thread && one.purpose === sendId);
  }

  #assign(files: readonly Upload[], sendId: string): void {
    this.#options.uploads()?.assign(files.map((one) => one.id), sendId);
  }

  #outgoing(files: readonly Upload[]): OutboxFile[] {
    return files.map((one) => outgoing(one, this.versionOf(one)?.attachment));
  }
}

function addTo(queue: UploadQueue, files: Attachable, thread: string, purpose: string): void {
  for (const { upload } of queue.add(files, thread, purpose)) upload.catch(() => undefined); // the item says why
}

function outgoing({ id, name, upload }: Upload, attachment: string | undefined): OutboxFile {
  return { item: id, name, upload, ...(attachment === undefined ? {} : { attachment }) };
}

function inMessages(files: readonly Upload[]): Upload[][] {
  const messages: Upload[][] = [];
  for (let at = 0; at < files.length; at += MOST_FILES_OF_A_MESSAGE) messages.push(files.slice(at, at + MOST_FILES_OF_A_MESSAGE));
  return messages;
}

/** Of each name the latest file that is there and no picture of a document. */
function byName(files: ReadonlyMap<string, Attachment>): Map<string, Attachment> {
  const found = new Map<string, Attachment>();
  for (const one of files.values()) {
    if (one.removed_by != null || one.document != null) continue;
    const other = found.get(one.name);
    if (!other || one.seq > other.seq) found.set(one.name, one);
  }
  return found;
}
