/** On the way into a call: the look at oneself before, and the step inside. */
import type { RoomStore } from '../state';
import { type ApiError, asApiError } from '../wire/error';
import { type CallEnvironment, CurrentCall } from './current.svelte';
import { IceServers } from './ice.svelte';
import { LocalMedia } from './local-media.svelte';

export type EntryPhase =
  /** The person looks at themselves and chooses. */
  | 'looking'
  | 'joining';

/** Whom a new call rings: everybody of the thread, or these. */
export type Ringing = 'all' | readonly string[];

export interface EntryOptions {
  readonly thread: string;
  /** One that they saw ring; null: whichever lasts by then, or a new one. */
  readonly call: string | null;
  readonly environment: CallEnvironment;
  /** The person is in, or has given up (null). */
  done(call: CurrentCall | null): void;
}

export class Entry {
  readonly thread: string;
  readonly room: RoomStore;
  readonly media = new LocalMedia();
  readonly ice = new IceServers(() => this.media.choices.relayOnly);
  phase: EntryPhase = $state('looking');
  error: ApiError | null = $state.raw(null);
  /** Devices are open so that one sees and hears oneself before. */
  previewed = $state(false);
  readonly #options: EntryOptions;
  #given = false;

  constructor(options: EntryOptions) {
    this.#options = options;
    this.thread = options.thread;
    this.room = options.environment.room(options.thread);
    this.ice.configuration().catch(() => undefined); // asked for again with the first connection
  }

  /** Open what was chosen the last time. */
  preview(): void {
    if (this.previewed) return;
    this.previewed = true;
    const { withMicrophone, withCamera } = this.media.choices;
    if (withMicrophone) void this.media.openMicrophone();
    if (withCamera) void this.media.openCamera();
  }

  /** @param ring when no call lasts yet. */
  async join(ring: Ringing = 'all'): Promise<void> {
    if (this.phase === 'joining' || this.#given) return;
    this.phase = 'joining';
    this.error = null;
    const { environment, thread } = this.#options;
    const { device } = environment;
    const { withMicrophone, withCamera } = this.media.choices;
    if (withMicrophone && !this.media.microphone) void this.media.openMicrophone();
    if (withCamera && !this.media.camera) void this.media.openCamera();
    try {
      const running = this.#options.call ?? this.room.state?.summary.call?.call ?? null;
      const answered = running
        ? await environment.command({ cmd: 'call_join', thread, call: running, device })
        : await environment.command({ cmd: 'call_start', thread, device, ring: ring === 'all' ? null : ring, video: withCamera });
      if (this.#given) {
        // They gave up while the hub answered.
        void environment.command({ cmd: 'call_leave', thread, call: answered.call, device }).catch(() => undefined);
        return;
      }
      this.#given = true;
      let call: CurrentCall | null = null;
      $effect.root(() => {
        call = new CurrentCall(thread, answered, this.media, this.ice, environment);
      });
      this.room.release();
      this.#options.done(call);
    } catch (thrown) {
      this.error = asApiError(thrown);
      this.phase = 'looking';
      this.preview();
    }
  }

  cancel(): void {
    if (this.#given) return;
    this.#given = true;
    this.room.release();
    void this.media.close();
    this.#options.done(null);
  }
}
