/** Errors that nobody caught: told to the person, who can begin the page anew. */

/** The browser's note that a layout needed another frame; no fault. */
const HARMLESS = /^ResizeObserver loop/;

class Faults {
  /** The last one, until it is dismissed. */
  last: unknown = $state.raw(null);
  /** Counts up when the page is to begin anew. */
  generation = $state(0);

  constructor() {
    addEventListener('error', (event) => {
      if (event.error != null && !HARMLESS.test(event.message)) this.last = event.error;
    });
    addEventListener('unhandledrejection', (event) => (this.last = event.reason));
  }

  retry(): void {
    this.last = null;
    this.generation++;
  }

  dismiss(): void {
    this.last = null;
  }
}

export const faults = new Faults();
