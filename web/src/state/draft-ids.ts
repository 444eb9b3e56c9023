/**
 * The send id that the next message of a thread will have, for this person: what is attached to a draft
 * belongs to the message before it is sent, also after a reload. And which of that is a file of its own.
 */
import { newSendId } from '../wire/ids';

const PREFIX = 'hub.draft-id.';
const APART = 'hub.draft-apart.';

export class DraftIds {
  readonly #prefix: string;
  readonly #apartPrefix: string;
  readonly #ids = new Map<string, string>();
  readonly #listeners = new Set<(thread: string) => void>();
  readonly #hear = ({ key }: StorageEvent): void => {
    for (const prefix of [this.#prefix, this.#apartPrefix]) {
      if (key?.startsWith(prefix)) for (const tell of this.#listeners) tell(key.slice(prefix.length));
    }
  };

  constructor(uid: string) {
    this.#prefix = `${PREFIX}${uid}.`;
    this.#apartPrefix = `${APART}${uid}.`;
    globalThis.addEventListener?.('storage', this.#hear);
  }

  /** Told of each thread whose draft another tab sent or changed, until the returned function is called. */
  listen(tell: (thread: string) => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  close(): void {
    globalThis.removeEventListener?.('storage', this.#hear);
  }

  get(thread: string): string {
    let id = this.#stored(thread) ?? this.#ids.get(thread); // another tab may have sent the draft
    if (!id) this.#put(thread, (id = newSendId()));
    this.#ids.set(thread, id);
    return id;
  }

  /** The draft has been sent: the next one is another message. */
  renew(thread: string): string {
    const id = newSendId();
    this.#put(thread, id);
    this.#write(this.#apartPrefix + thread, null);
    return id;
  }

  /** Whether uploads of the draft are files of their own, where the person said so. */
  apart(thread: string): Map<string, boolean> {
    try {
      return new Map(JSON.parse(localStorage.getItem(this.#apartPrefix + thread) ?? '[]') as [string, boolean][]);
    } catch {
      return new Map();
    }
  }

  keepApart(thread: string, more: Iterable<readonly [string, boolean]>): void {
    const all = [...new Map([...this.apart(thread), ...more])]; // another tab may have said so of others
    this.#write(this.#apartPrefix + thread, all.length > 0 ? JSON.stringify(all) : null);
  }

  #put(thread: string, id: string): void {
    this.#ids.set(thread, id);
    this.#write(this.#prefix + thread, id);
  }

  #write(key: string, text: string | null): void {
    try {
      if (text === null) localStorage.removeItem(key);
      else localStorage.setItem(key, text);
    } catch {
      // It holds for this page.
    }
  }

  #stored(thread: string): string | null {
    try {
      return localStorage.getItem(this.#prefix + thread);
    } catch {
      return null;
    }
  }
}
