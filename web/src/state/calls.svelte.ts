/**
 * Calls as the whole page knows them: which ring, which one this page is in, which one its person is
 * about to enter. What a call itself needs is loaded with the first one.
 */
import { ringOf } from '../calls/state';
import type { CurrentCall } from '../calls/current.svelte';
import type { Entry } from '../calls/entry.svelte';
import { newName } from '../wire/ids';
import { ApiError } from '../wire/error';
import type { Call, CallMuted, Results } from '../wire/generated';
import type { CommandBody } from '../wire/live';
import type { CallsStore, InboxStore, Ring, RoomStore, SignalMessage } from './types';

/** By the clock of this page, from when it first saw the ring. */
const RING_MS = 45_000;

export interface CallsEnvironment {
  readonly me: string;
  readonly inbox: InboxStore;
  isLive(): boolean;
  room(thread: string): RoomStore;
  command<C extends CommandBody>(command: C): Promise<Results[C['cmd']]>;
  onSignal(handler: (message: SignalMessage) => void): () => void;
}

export class Calls implements CallsStore {
  readonly device = newName();
  current: CurrentCall | null = $state.raw(null);
  entry: Entry | null = $state.raw(null);
  ended: CurrentCall | null = $state.raw(null);
  opening = $state(false);
  readonly #environment: CallsEnvironment;
  #closed = false;

  /** What rings is known only while the hub tells; and not for ever, should it forget. */
  readonly rings: readonly Ring[] = $derived.by(() => {
    const { inbox, me, isLive } = this.#environment;
    if (!isLive()) return [];
    return inbox.threads.flatMap(({ thread, subject, call }) => {
      const how = ringOf(call, me);
      return call && how && !this.#silenced.has(ringId(call, me)) ? [{ thread, subject, call, aloud: how === 'aloud' }] : [];
    });
  });
  #silenced: ReadonlySet<string> = $state.raw(new Set<string>());
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #stop: () => void;

  constructor(environment: CallsEnvironment) {
    this.#environment = environment;
    this.#stop = $effect.root(() => {
      $effect(() => {
        for (const { call } of this.rings) {
          const id = ringId(call, environment.me);
          if (!this.#timers.has(id)) this.#timers.set(id, setTimeout(() => this.#silence(id), RING_MS));
        }
      });
    });
  }

  silence({ call }: Ring): void {
    this.#silence(ringId(call, this.#environment.me));
  }

  #silence(id: string): void {
    this.#silenced = new Set([...this.#silenced, id]);
  }

  async open(thread: string, options: { call?: string | null; answer?: boolean; video?: boolean; byLink?: boolean } = {}): Promise<void> {
    if (this.opening || this.current?.thread === thread) return;
    this.entry?.cancel(); // they go elsewhere
    this.opening = true;
    try {
      const { Entry } = await import('../calls/entry.svelte').catch(() => {
        throw new ApiError('unreachable', 'The part of this page that makes calls could not be loaded.');
      });
      if (typeof RTCPeerConnection === 'undefined') throw new ApiError('unsupported', 'This browser cannot make calls: it has no WebRTC.');
      if (this.#closed) return;
      // What is derived within whoever clicked would be frozen when that goes.
      $effect.root(() => {
        this.entry = new Entry({
          thread,
          call: options.call ?? null,
          video: options.video,
          environment: { ...this.#environment, device: this.device, over: (call) => this.#over(call) },
          done: (call) => {
            if (this.entry?.thread === thread) this.entry = null;
            if (call) this.#entered(call);
          },
        });
      });
      const entry = this.entry as Entry | null;
      if (options.answer || (entry?.media.choices.skipPreJoin && !options.byLink)) await entry?.join();
      else if (!options.byLink) entry?.preview();
    } finally {
      this.opening = false;
    }
  }

  async decline({ thread, call }: Ring): Promise<void> {
    await this.#environment.command({ cmd: 'call_decline', thread, call: call.call });
  }

  muted(frame: CallMuted): void {
    this.current?.muted(frame);
  }

  dismissEnded(): void {
    this.ended = null;
  }

  close(): Promise<unknown> {
    this.#closed = true;
    this.#stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.entry?.cancel();
    return this.current?.close() ?? Promise.resolve();
  }

  /** One is in one call at a time. */
  #entered(call: CurrentCall): void {
    this.current?.leave();
    this.ended = null;
    this.current = call;
    if (call.over !== null) this.#over(call);
  }

  #over(call: CurrentCall): void {
    if (this.current !== call) return;
    this.current = null;
    this.ended = call;
  }
}

/** One ring of a person: they may be rung again in the same call. */
function ringId(call: Call, uid: string): string {
  return `${call.call} ${call.people[uid]?.since ?? 0}`;
}
