/** What was typed and not sent, by thread, in localStorage: it survives a reload and a crash. */
const PREFIX = 'hub.draft.';
const WRITE_MS = 300;

export class Drafts {
  /** Threads with a draft. */
  threads: ReadonlySet<string> = $state.raw(new Set());
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
    this.#set(thread, text);
    this.#unwritten.add(thread);
    // A sent message must not come back as a draft, so clearing is written at once.
    if (text === '') this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WRITE_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const thread of this.#unwritten) {
      const text = this.get(thread);
      try {
        if (text === '') localStorage.removeItem(this.#prefix + thread);
        else localStorage.setItem(this.#prefix + thread, text);
      } catch {
        // Full or forbidden: the draft lives as long as the page.
      }
    }
    this.#unwritten.clear();
  }

  close(): void {
    this.flush();
    globalThis.removeEventListener?.('storage', this.#hear);
  }

  erase(): void {
    for (const key of keys(this.#prefix)) localStorage.removeItem(key);
    this.#texts.clear();
    this.#unwritten.clear();
    this.threads = new Set();
  }

  #set(thread: string, text: string): void {
    if (text === '') this.#texts.delete(thread);
    else this.#texts.set(thread, text);
    if (this.threads.has(thread) === (text !== '')) return;
    this.threads = new Set(this.#texts.keys());
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
