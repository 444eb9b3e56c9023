/** What somebody chose for calls in this browser, kept there. */

export interface Choices {
  /** Device ids; empty: the system's choice. */
  readonly microphone: string;
  readonly camera: string;
  readonly speaker: string;
  readonly withMicrophone: boolean;
  readonly withCamera: boolean;
  readonly noiseSuppression: boolean;
  /** Without the look at oneself before. */
  readonly skipPreJoin: boolean;
  /** By the hub's TURN servers only: nobody in the call sees one's address. */
  readonly relayOnly: boolean;
}

const KEY = 'hub.call';
const DEFAULT: Choices = {
  microphone: '',
  camera: '',
  speaker: '',
  withMicrophone: true,
  withCamera: false,
  noiseSuppression: true,
  skipPreJoin: false,
  relayOnly: false,
};

export function recallChoices(): Choices {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const read = typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
    const known = Object.entries(DEFAULT).map(([key, value]) => [key, typeof read[key] === typeof value ? read[key] : value]);
    return Object.fromEntries(known) as unknown as Choices;
  } catch {
    return DEFAULT;
  }
}

/** Other pages may have chosen meanwhile: only what changes is written. */
export function rememberChoices(change: Partial<Choices>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...recallChoices(), ...change }));
  } catch {
    // Forbidden: they hold as long as the page.
  }
}
