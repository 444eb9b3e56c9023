/** How the shown document stands to its file: asked of the hub when it may have changed. */
import type { DocumentSession, RoomStore } from '../../state';
import { ApiError, asApiError } from '../../wire/error';
import type { FileState, Merged, SavedVersion, Take } from '../../wire/generated';

/** While the hub looks at a version that came. */
const LOOKS_MS = 1_000;
/** Who types is not asked about at each letter. */
const PAUSE_MS = 700;
const RETRY_MS = 4_000;

export class Standing {
  /** Null until the hub has said it. */
  state: FileState | null = $state.raw(null);
  busy = $state(false);
  /** Why it was not saved, or a version did not come in. */
  error: ApiError | null = $state.raw(null);
  failed: 'save' | 'merge' = $state('save');
  /** Something was written here that the hub was not asked about since: its file has not got that. */
  touched = $state(false);
  readonly #room: RoomStore;
  readonly #document: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** Counts questions: an older answer is none. */
  #asked = 0;
  /** Counts what was written here. */
  #written = 0;
  #session: Pick<DocumentSession, 'unsent'> | null = null;

  constructor(room: RoomStore, document: string) {
    this.#room = room;
    this.#document = document;
  }

  /** Hear of changes of the document; returns the way to stop. */
  follow(session: DocumentSession): () => void {
    const changed = (_update: Uint8Array, _origin: unknown, _doc: unknown, { local }: { local: boolean }): void => {
      if (local) {
        this.#written++;
        this.touched = true;
      }
      if (this.state && !this.state.unsaved) this.#soon(PAUSE_MS);
    };
    this.#closed = false; // the document may have been replaced
    this.#session = session;
    const { doc } = session;
    doc.on('update', changed);
    void this.ask();
    return () => {
      doc.off('update', changed);
      clearTimeout(this.#timer);
      this.#closed = true;
    };
  }

  async ask(): Promise<void> {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const [written, unsent] = [this.#written, this.#session?.unsent ?? 0];
    try {
      const state = await this.#room.fileState(this.#document);
      if (asked !== this.#asked || this.#closed) return;
      this.state = state;
      const knowsAll = written === this.#written && unsent === 0;
      if (state.unsaved || knowsAll) this.touched = false;
      if (state.merging) this.#soon(LOOKS_MS);
      else if (this.touched) this.#soon(PAUSE_MS);
    } catch (thrown) {
      if (asked !== this.#asked || this.#closed) return;
      if (asApiError(thrown).code !== 'not_a_file') this.#soon(RETRY_MS);
    }
  }

  /** Null: it was not saved, `error` says why. */
  async merge(version: number, take: Take): Promise<Merged | null> {
    return this.#try('merge', () => this.#room.mergeVersion(this.#document, version, take));
  }

  async setAutosave(on: boolean): Promise<void> {
    const state = await this.#try('save', () => this.#room.setAutosave(this.#document, on));
    if (state) this.state = state;
  }

  async save(options: { encoding?: 'utf-8' } = {}): Promise<SavedVersion | null> {
    return this.#try('save', () => this.#room.saveDocument(this.#document, options));
  }

  async #try<T>(what: 'save' | 'merge', work: () => Promise<T>): Promise<T | null> {
    if (this.busy) return null;
    this.busy = true;
    this.error = null;
    try {
      return await work();
    } catch (thrown) {
      this.error = asApiError(thrown);
      this.failed = what;
      return null;
    } finally {
      this.busy = false;
      void this.ask();
    }
  }

  #soon(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), ms);
  }
}
