/**
 * What was typed and not sent, in localStorage: it survives a reload, a crash and the session.
 *
 * By thread, and by message that is being edited. Keys: `thread`, `thread/seq`.
 */
const PREFIX = 'hub.draft.';
const WRITE_MS = 300;

export class Drafts {
  /** Threads with a draft. */
  threads: ReadonlySet<string> = $state.raw(new Set());
  /** Changed texts of messages, by thread and seq. */
  #edits: ReadonlyMap<string, string> = $state.raw(new Map());
  /** Something is in this page only: the browser does not take it. */
  unkept = false;
  readonly #prefix: string;
  readonly #texts = new Map<string, string>();
  readonly #unwritten = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #hear = (event: StorageEvent): void => {
    if (event.key?.startsWith(this.#prefix)) this.#set(event.key.slice(this.#prefix.length), event.newValue ?? '');
  };

  constructor(uid: string) {
    this.#prefix = `${PREFIX}${uid}.`;
    for (const key of keys(this.#prefix)) this.#set(key.slice(this.#prefix.length), read(key));
    globalThis.addEventListener?.('storage', this.#hear);
  }

  get(thread: string): string {
    return this.#texts.get(thread) ?? '';
  }

  put(thread: string, text: string): void {
    this.#put(thread, text);
  }

  /** Changed texts of messages, by seq. */
  edits(thread: string): Map<number, string> {
    const prefix = `${thread}/`;
    const mine = [...this.#edits].filter(([key]) => key.startsWith(prefix));
    return new Map(mine.map(([key, text]) => [Number(key.slice(prefix.length)), text]));
  }

  putEdit(thread: string, seq: number, text: string): void {
    this.#put(`${thread}/${seq}`, text);
  }

  #put(key: string, text: string): void {
    this.#set(key, text);
    this.#unwritten.add(key);
    // A sent message must not come back as a draft, so clearing is written at once.
    if (text === '') this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WRITE_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.unkept = false;
    for (const key of [...this.#unwritten]) {
      const text = this.#texts.get(key) ?? '';
      try {
        if (text === '') localStorage.removeItem(this.#prefix + key);
        else localStorage.setItem(this.#prefix + key, text);
        this.#unwritten.delete(key);
      } catch {
        // Full or forbidden: tried again with the next change.
        this.unkept ||= text !== '';
      }
    }
  }

  close(): void {
    this.flush();
    globalThis.removeEventListener?.('storage', this.#hear);
  }

  #set(key: string, text: string): void {
    const known = this.#texts.has(key);
    if (text === '') this.#texts.delete(key);
    else this.#texts.set(key, text);
    if (key.includes('/')) this.#edits = new Map([...this.#texts].filter(([one]) => one.includes('/')));
    if (known === (text !== '')) return;
    this.threads = new Set([...this.#texts.keys()].map((one) => one.split('/', 1)[0] ?? one));
  }
}

function keys(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

function read(key: string): string {
  return localStorage.getItem(key) ?? '';
}
