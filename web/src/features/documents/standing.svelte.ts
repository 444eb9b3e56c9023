/** How the shown document stands to its file: asked of the hub when it may have changed. */
import type { DocumentSession, RoomStore } from '../../state';
import { ApiError, asApiError } from '../../wire/error';
import type { FileState, SavedVersion } from '../../wire/generated';

/** Who types is not asked about at each letter. */
const PAUSE_MS = 700;
const RETRY_MS = 4_000;

export class Standing {
  /** Null until the hub has said it. */
  state: FileState | null = $state.raw(null);
  saving = $state(false);
  /** Why it was not saved. */
  error: ApiError | null = $state.raw(null);
  readonly #room: RoomStore;
  readonly #document: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** Counts questions: an older answer is none. */
  #asked = 0;

  constructor(room: RoomStore, document: string) {
    this.#room = room;
    this.#document = document;
  }

  /** Hear of changes of the document; returns the way to stop. */
  follow(session: DocumentSession): () => void {
    const changed = (): void => {
      if (this.state && !this.state.unsaved) this.#soon(PAUSE_MS);
    };
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
    try {
      const state = await this.#room.fileState(this.#document);
      if (asked === this.#asked && !this.#closed) this.state = state;
    } catch (thrown) {
      if (asked !== this.#asked || this.#closed) return;
      if (asApiError(thrown).code !== 'not_a_file') this.#soon(RETRY_MS);
    }
  }

  /** Null: it was not saved, `error` says why. */
  async save(options: { encoding?: 'utf-8' } = {}): Promise<SavedVersion | null> {
    if (this.saving) return null;
    this.saving = true;
    this.error = null;
    try {
      return await this.#room.saveDocument(this.#document, options);
    } catch (thrown) {
      this.error = asApiError(thrown);
      return null;
    } finally {
      this.saving = false;
      void this.ask();
    }
  }

  #soon(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), ms);
  }
}
