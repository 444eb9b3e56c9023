/** The one polite announcer of the room: what is said here is read aloud, the latest only. */
class Announcer {
  text = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: string[] = [];

  /** Several within a moment become one sentence. */
  say(text: string): void {
    this.#waiting.push(text);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const [only] = this.#waiting;
      this.text = this.#waiting.length === 1 ? (only ?? '') : `${this.#waiting.length} new messages`;
      this.#waiting = [];
    }, 800);
  }
}

export const announcer = new Announcer();
