/** On the way into a call: the look at oneself before, and the step inside. */
import type { RoomStore } from '../state';
import { ApiError, asApiError } from '../wire/error';
import type { Call } from '../wire/generated';
import { type CallEnvironment, CurrentCall } from './current.svelte';
import { IceServers } from './ice.svelte';
import { LocalMedia } from './local-media.svelte';

/** From browser to browser. */
const DIRECT = 'direct';

export type EntryPhase =
  /** The person looks at themselves and chooses. */
  | 'looking'
  | 'joining';

/** Whom a new call rings: everybody of the thread, or these. */
export type RingWhom = 'all' | readonly string[];

export interface EntryOptions {
  readonly thread: string;
  /** One that they saw ring; null: whichever lasts by then, or a new one. */
  readonly call: string | null;
  /** They answer with their voice, and perhaps their picture, whatever they chose the last time. */
  readonly video?: boolean | undefined;
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
  /** Of this call; what is chosen for others, too, is in the media's choices. */
  withMicrophone = $state(true);
  withCamera = $state(false);
  readonly #options: EntryOptions;
  #call: string | null;
  #given = false;

  constructor(options: EntryOptions) {
    this.#options = options;
    this.thread = options.thread;
    this.#call = options.call;
    this.withMicrophone = options.video !== undefined || this.media.choices.withMicrophone;
    this.withCamera = options.video ?? this.media.choices.withCamera;
    this.room = options.environment.room(options.thread);
    this.ice.configuration().catch(() => undefined); // asked for again with the first connection
  }

  /** Open what was chosen the last time. */
  preview(): void {
    if (this.previewed) return;
    this.previewed = true;
    this.#openChosen();
  }

  /** For this call, and the next ones. */
  setMicrophone(on: boolean): void {
    this.withMicrophone = on;
    this.media.choose({ withMicrophone: on });
    if (this.previewed && on) void this.media.openMicrophone();
    else if (!on) this.media.closeMicrophone();
  }

  setCamera(on: boolean): void {
    this.withCamera = on;
    this.media.choose({ withCamera: on });
    if (this.previewed && on) void this.media.openCamera();
    else if (!on) this.media.closeCamera();
  }

  /** Into this call without a device. */
  async listen(ring: RingWhom = 'all'): Promise<void> {
    this.withMicrophone = this.withCamera = false;
    this.media.closeMicrophone();
    this.media.closeCamera();
    await this.join(ring);
  }

  /** @param ring when no call lasts yet. */
  async join(ring: RingWhom = 'all'): Promise<void> {
    if (this.phase === 'joining' || this.#given) return;
    this.phase = 'joining';
    this.error = null;
    const { environment, thread } = this.#options;
    const { device } = environment;
    this.#openChosen();
    try {
      const answered = await this.#ask(ring);
      const leave = (): void => void environment.command({ cmd: 'call_leave', thread, call: answered.call, device }).catch(() => undefined);
      if (this.#given) return leave(); // they gave up while the hub answered
      if ((answered.topology ?? DIRECT) !== DIRECT) {
        leave();
        throw new ApiError('topology_unknown', 'This call goes by a way that this page does not know: load the page anew.');
      }
      this.#given = true;
      let call: CurrentCall | null = null;
      // What is derived within whoever clicked would be frozen when that goes.
      $effect.root(() => {
        call = new CurrentCall(thread, answered, this.media, this.ice, environment);
      });
      this.room.release();
      this.#options.done(call);
    } catch (thrown) {
      this.error = asApiError(thrown);
      if (this.error.code === 'call_ended') this.#call = null;
      this.phase = 'looking';
      this.preview();
    }
  }

  #ask(ring: RingWhom): Promise<Call> {
    const { environment, thread } = this.#options;
    const { device } = environment;
    const shown = this.room.state?.summary.call?.call ?? null;
    // What they see counts; who answers at once saw the call that rang.
    const call = this.previewed && this.room.state ? shown : (this.#call ?? shown);
    if (call !== null) return environment.command({ cmd: 'call_join', thread, call, device });
    return environment.command({ cmd: 'call_start', thread, device, ring: ring === 'all' ? null : ring, video: this.withCamera });
  }

  #openChosen(): void {
    if (this.withMicrophone && !this.media.microphone) void this.media.openMicrophone();
    if (this.withCamera && !this.media.camera) void this.media.openCamera();
  }

  cancel(): void {
    if (this.#given) return;
    this.#given = true;
    this.room.release();
    void this.media.close();
    this.#options.done(null);
  }
}
