/**
 * The send id that the next message of a thread will have, for this person: what is attached to a draft
 * belongs to the message before it is sent, also after a reload.
 */
import { newSendId } from '../wire/ids';

const PREFIX = 'hub.draft-id.';

export class DraftIds {
  readonly #prefix: string;
  readonly #ids = new Map<string, string>();

  constructor(uid: string) {
    this.#prefix = `${PREFIX}${uid}.`;
  }

  get(thread: string): string {
    let id = this.#stored(thread) ?? this.#ids.get(thread); // another tab may have sent the draft
    if (!id) this.#put(thread, (id = newSendId()));
    this.#ids.set(thread, id);
    return id;
  }

  /** The draft has been sent: the next one is another message. Or it is one that was taken back. */
  renew(thread: string, id = newSendId()): string {
    this.#put(thread, id);
    return id;
  }

  #put(thread: string, id: string): void {
    this.#ids.set(thread, id);
    try {
      localStorage.setItem(this.#prefix + thread, id);
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
