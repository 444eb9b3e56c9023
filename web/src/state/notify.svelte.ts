/**
 * What tells a person of new messages while they look elsewhere: the tab's title, a quiet sound,
 * the browser's notifications.
 *
 * One tab (the holder of a lock) speaks for all of them, and nobody speaks of a thread that a
 * focused tab shows. Nothing is sent anywhere.
 */
import { type Channel, holdLock, openChannel } from '../lib/tabs';
import type { MessageData } from '../wire/generated';
import { excerpt } from './excerpt';
import type { Arrival, NotificationSettings } from './types';

const SOUND_GAP_MS = 3_000;
/** Seconds from the first, and Hz. */
const ARRIVED = [[0, 660], [0.09, 880]] as const;
const RING = [[0, 587], [0.18, 784], [0.36, 587], [0.54, 784]] as const;
const RING_MS = 2_500;
/** Older messages that arrive after a lost connection are no news. */
const NEWS_MS = 120_000;

interface Looking {
  readonly tab: string;
  readonly thread: string | null;
}

export interface NotifierEnvironment {
  readonly uid: string;
  name(uid: string): string;
  /** Show the thread in this tab. */
  open(thread: string): void;
}

export class Notifier implements NotificationSettings {
  permission: NotificationPermission | 'unsupported' = $state(
    typeof Notification === 'undefined' ? 'unsupported' : Notification.permission,
  );
  #desktop: NotificationSettings['desktop'] = $state('off');
  #sound = $state(true);

  readonly #environment: NotifierEnvironment;
  readonly #channel: Channel<Looking>;
  readonly #tab = String(Math.random());
  readonly #looking = new Map<string, string>();
  readonly #release: () => void;
  #speaks = false;
  #soundAt = 0;
  #audio: AudioContext | null = null;
  #title = 'Hub';

  constructor(environment: NotifierEnvironment) {
    this.#environment = environment;
    const stored = readSettings();
    this.#desktop = stored.desktop;
    this.#sound = stored.sound;
    this.#channel = openChannel<Looking>(`hub.looking.${environment.uid}`, ({ tab, thread }) => {
      if (thread === null) this.#looking.delete(tab);
      else this.#looking.set(tab, thread);
    });
    this.#release = holdLock(`hub.notify.${environment.uid}`, () => (this.#speaks = true));
  }

  get desktop(): NotificationSettings['desktop'] {
    return this.#desktop;
  }

  set desktop(desktop: NotificationSettings['desktop']) {
    this.#desktop = desktop;
    this.#store();
  }

  get sound(): boolean {
    return this.#sound;
  }

  set sound(sound: boolean) {
    this.#sound = sound;
    this.#store();
  }

  async requestPermission(): Promise<void> {
    if (this.permission === 'unsupported') return;
    this.permission = await Notification.requestPermission();
    if (this.permission === 'granted' && this.#desktop === 'off') this.desktop = 'mentions';
  }

  /** Which thread this tab shows to somebody who looks at it; null when none. */
  looksAt(thread: string | null): void {
    if (thread === null) this.#looking.delete(this.#tab);
    else this.#looking.set(this.#tab, thread);
    this.#channel.post({ tab: this.#tab, thread });
  }

  /** The name of what the tab shows, before the count of unread messages. */
  setTitle(title: string, unread: number): void {
    this.#title = titleOf(title, unread);
    if (typeof document !== 'undefined' && document.title !== this.#title) document.title = this.#title;
  }

  arrived(arrival: Arrival): void {
    const { event, summary, mentioned } = arrival;
    if (!this.#speaks || Date.now() - event.at > NEWS_MS) return;
    if ([...this.#looking.values()].includes(event.thread)) return;
    if (this.#sound) this.#play();
    if (this.permission !== 'granted' || this.#desktop === 'off') return;
    if (this.#desktop === 'mentions' && !mentioned) return;
    this.#notify(event.thread, `${this.#environment.name(event.sender)} · ${summary.subject}`, excerpt((event.data as MessageData).text));
  }

  /** Once, aloud and as a notification where the person allows it. */
  remind(thread: string | null, note: string): void {
    if (!this.#speaks) return;
    if (this.#sound) this.#play();
    if (this.permission === 'granted' && !document.hasFocus()) this.#notify(thread, 'Reminder', note, { tag: `reminder ${note}` });
  }

  ring({ thread, title, body }: { thread: string; title: string; body: string }): () => void {
    if (!this.#speaks) return () => undefined;
    let again: ReturnType<typeof setInterval> | undefined;
    if (this.#sound) {
      this.#tones(RING);
      again = setInterval(() => this.#tones(RING), RING_MS);
    }
    // Also when messages do not notify: it rings now, or never.
    const shown = this.permission === 'granted' && !document.hasFocus() ? this.#notify(thread, title, body, { tag: `call ${thread}`, requireInteraction: true }) : null;
    return () => {
      clearInterval(again);
      shown?.close();
    };
  }

  close(): void {
    this.looksAt(null);
    this.#release();
    this.#channel.close();
    void this.#audio?.close();
  }

  #notify(thread: string | null, title: string, body: string, more: NotificationOptions = { tag: thread ?? '' }): Notification | null {
    try {
      const shown = new Notification(title, { body, ...more });
      shown.onclick = () => {
        window.focus();
        if (thread !== null) this.#environment.open(thread);
        shown.close();
      };
      return shown;
    } catch {
      // Some mobile browsers allow them from service workers only.
      this.permission = 'unsupported';
      return null;
    }
  }

  /** Two soft notes; made here, so that nothing is fetched. Browsers allow it after a first click. */
  #play(): void {
    const now = Date.now();
    if (now - this.#soundAt < SOUND_GAP_MS) return;
    this.#soundAt = now;
    this.#tones(ARRIVED);
  }

  #tones(tones: readonly (readonly [atS: number, frequency: number])[]): void {
    if (typeof AudioContext === 'undefined' || (navigator.userActivation && !navigator.userActivation.hasBeenActive)) return;
    this.#audio ??= new AudioContext();
    const { currentTime, destination } = this.#audio;
    for (const [atS, frequency] of tones) {
      const audio = this.#audio;
      const from = currentTime + atS;
      const tone = new OscillatorNode(audio, { type: 'sine', frequency });
      const volume = new GainNode(audio, { gain: 0 });
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(0.04, from + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.3);
      tone.connect(volume).connect(destination);
      tone.start(from);
      tone.stop(from + 0.32);
    }
  }

  #store(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify({ desktop: this.#desktop, sound: this.#sound }));
    } catch {
      // Forbidden: the settings live as long as the page.
    }
  }
}

const KEY = 'hub.notify';

export function titleOf(title: string, unread: number): string {
  return unread > 0 ? `(${unread > 99 ? '99+' : unread}) ${title}` : title;
}

function readSettings(): Pick<NotificationSettings, 'desktop' | 'sound'> {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<NotificationSettings>;
    const desktop = stored.desktop === 'all' || stored.desktop === 'mentions' ? stored.desktop : 'off';
    return { desktop, sound: stored.sound !== false };
  } catch {
    return { desktop: 'off', sound: true };
  }
}
