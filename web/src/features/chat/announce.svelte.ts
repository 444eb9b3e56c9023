/** The one polite announcer of the room: what is said here is read aloud. */
const WAIT_MS = 800;

class Announcer {
  text = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #messages: string[] = [];
  #states: string[] = [];

  /** A message came. Several within a moment become one sentence. */
  message(text: string): void {
    this.#messages.push(text);
    this.#soon();
  }

  /** Something changed that a person must know of: offline, back again. */
  state(text: string): void {
    this.#states = [text];
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const said = this.#messages.length > 1 ? [`${this.#messages.length} new messages`] : this.#messages;
      this.text = [...this.#states, ...said].join('. ');
      this.#messages = [];
      this.#states = [];
    }, WAIT_MS);
  }
}

export const announcer = new Announcer();
