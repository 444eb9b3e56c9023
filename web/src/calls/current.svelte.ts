/**
 * The call that this page is in. Who is in it the log says; how they are in it, their presence; what is
 * seen and heard of them comes from the mesh. Lives on when its thread is not shown.
 */
import { untrack } from 'svelte';

import { Lifetime } from '../lib/lifetime';
import type { RoomStore, SignalMessage } from '../state';
import { type ApiError, asApiError } from '../wire/error';
import type { Call, CallMuted, InCall, Results } from '../wire/generated';
import type { CommandBody } from '../wire/live';
import { keepAwake } from './awake';
import { Gestures } from './gestures.svelte';
import type { IceServers } from './ice.svelte';
import type { LocalMedia } from './local-media.svelte';
import { Mesh, type Other } from './mesh';
import type { PairState } from './pair';
import { type Pointer, readSignal, SIGNAL_KIND } from './signals';
import { Speaking } from './speaking';
import { Telling } from './telling';
import { Views } from './views';

/** Before one asks to come in once more. */
const AGAIN_MS = 400;
const SPEAKING_MS = 200;
/** Before the others are told how large they are shown now. */
const ASK_MS = 50;

export type Over =
  | 'left'
  /** Nobody is in any more. */
  | 'ended'
  | 'removed'
  /** It goes on on another device of the person. */
  | 'elsewhere'
  /** The hub does not let one in again; `error` says why. */
  | 'refused';

export interface CallEnvironment {
  readonly me: string;
  readonly device: string;
  isLive(): boolean;
  room(thread: string): RoomStore;
  command<C extends CommandBody>(command: C): Promise<Results[C['cmd']]>;
  onSignal(handler: (message: SignalMessage) => void): () => void;
  over(call: CurrentCall): void;
}

/** Somebody who is in the call. */
export interface Participant {
  readonly uid: string;
  readonly device: string;
  readonly isMe: boolean;
  readonly muted: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly hand: boolean;
  /** Of the way to them; of oneself `connected`. */
  readonly state: PairState;
  readonly isPoor: boolean;
  /** No way to them was found for long. */
  readonly isLate: boolean;
  readonly relayed: boolean | null;
  readonly speaks: boolean;
  readonly tracks: { readonly camera: MediaStreamTrack | null; readonly screen: MediaStreamTrack | null };
}

export class CurrentCall {
  readonly id: string;
  readonly thread: string;
  readonly media: LocalMedia;
  readonly room: RoomStore;
  over: Over | null = $state(null);
  error: ApiError | null = $state.raw(null);
  hand = $state(false);
  /** Uid of whoever muted this person last, until they unmute. */
  mutedBy: string | null = $state(null);
  readonly gestures = new Gestures();
  readonly call: Call | null = $derived.by(() => this.#asOfNow());
  /** One's own first; somebody of whom nothing changed is the same object. */
  readonly participants: readonly Participant[] = $derived.by(() => (this.#shown = settled(this.#shown, this.#participants())));
  #shown: readonly Participant[] = [];
  readonly others: readonly Participant[] = $derived(this.participants.filter((one) => !one.isMe));
  /** Sounds of the others: microphones, and what a shared screen sounds like. */
  readonly sounds: readonly { key: string; track: MediaStreamTrack; muted: boolean }[] = $derived.by(() => this.#sounds());

  readonly #environment: CallEnvironment;
  readonly #ice: IceServers;
  readonly #mesh: Mesh;
  readonly #life = new Lifetime();
  readonly #speaking = new Speaking();
  #speakers: ReadonlySet<string> = $state.raw(new Set<string>());
  /** As the hub answered last; the room may be behind it. */
  #answered: Call = $state.raw() as Call;
  /** Counts changes of the connections to others. */
  #moves = $state(0);
  readonly #telling: Telling;
  readonly #views = new Views();
  readonly #shownAnew = new Set<string>();
  #asking: ReturnType<typeof setTimeout> | undefined;
  #entering = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  readonly #lastTold = new Map<string, InCall>();

  /** @param answered the call as the hub let this device in. */
  constructor(thread: string, answered: Call, media: LocalMedia, ice: IceServers, environment: CallEnvironment) {
    this.thread = thread;
    this.id = answered.call;
    this.#answered = answered;
    this.#environment = environment;
    this.media = this.#life.own(media);
    this.room = environment.room(thread);
    this.#life.onEnd(() => this.room.release());
    this.#ice = ice;
    this.#mesh = this.#life.own(
      new Mesh({
        mine: environment.device,
        ice: this.#ice,
        send: (to, session, body) => {
          const payload = { call: this.id, from: environment.device, to: to.device, session, ...body };
          // What is lost is said again when they can be reached anew.
          this.#command({ cmd: 'signal', thread, to_session: to.address ?? '', kind: SIGNAL_KIND, payload }).catch(() => undefined);
        },
        reacted: (uid, emoji) => this.gestures.react(uid, emoji),
        pointed: (uid, pointer) => this.gestures.point(uid, pointer),
        needs: (capture) => media.fit(capture),
        changed: () => this.#moves++,
      }),
    );
    this.#telling = this.#life.own(
      new Telling({
        isLive: () => this.over === null && environment.isLive(),
        mine: () => ({ muted: this.isSilent, camera: media.camera !== null, screen: media.screen !== null, hand: this.hand }),
        say: (mine) => this.#command({ cmd: 'call_present', thread, call: this.id, device: environment.device, ...mine }),
        known: () => this.#mesh.sayAgain(),
        muted: () => media.setMuted(true),
      }),
    );
    this.#life.own(this.gestures);
    this.#life.onEnd(environment.onSignal((message) => this.#heard(message)));
    this.#life.onEnd(keepAwake());
    this.#listen();
    this.#life.onEnd(() => clearTimeout(this.#again));
    const speaking = setInterval(() => this.#listenWho(), SPEAKING_MS);
    this.#life.onEnd(() => clearInterval(speaking));
    this.#life.onEnd($effect.root(() => this.#effects()));
  }

  /** Nobody hears this person: muted, or without a microphone. */
  get isSilent(): boolean {
    return this.media.muted || !this.media.microphone;
  }

  /** The hub has a TURN server: a way where networks do not reach each other. */
  get hasRelay(): boolean {
    return this.#ice.hasRelay;
  }

  get hubRelaysOnly(): boolean {
    return this.#ice.hubRelaysOnly;
  }

  get relayOnly(): boolean {
    return this.#ice.relayOnly;
  }

  /** Ms since it began. */
  lasted(now: number): number {
    return Math.max(0, now - (this.call ?? this.#answered).started);
  }

  /** What one could count of the connection to a device. */
  numbers(device: string): { rttMs: number | null; bytesIn: number; bytesOut: number; lost: number; media: number; frameHeight: number } | null {
    void this.#moves;
    return this.#mesh.get(device)?.measured ?? null;
  }

  // --- what the person does -----------------------------------------------------------------------

  async setMuted(muted: boolean): Promise<void> {
    if (!muted && !this.media.microphone && !(await this.media.openMicrophone())) return;
    this.media.setMuted(muted);
    if (!muted) this.mutedBy = null;
    this.#telling.tell();
  }

  async setCamera(on: boolean): Promise<void> {
    if (on) await this.media.openCamera();
    else this.media.closeCamera();
  }

  raiseHand(up: boolean): void {
    this.hand = up;
  }

  react(emoji: string): void {
    this.#mesh.react(emoji);
    this.gestures.react(this.#environment.me, emoji);
  }

  /** Show the others where one points on a screen that is shared. */
  point(pointer: Pointer | null): void {
    this.#mesh.point(pointer);
  }

  async mute(uid: string): Promise<void> {
    await this.#command({ cmd: 'call_mute', thread: this.thread, call: this.id, uid });
  }

  async remove(uid: string): Promise<void> {
    await this.#command({ cmd: 'call_remove', thread: this.thread, call: this.id, uid });
  }

  async ring(uids: readonly string[]): Promise<void> {
    await this.#command({ cmd: 'call_ring', thread: this.thread, call: this.id, ring: uids });
  }

  async setLocked(locked: boolean): Promise<void> {
    await this.#command({ cmd: 'call_lock', thread: this.thread, call: this.id, locked });
  }

  leave(): void {
    this.#finish('left');
  }

  /** How high a picture of somebody is shown (pixels); a view tells it by its own key, and 0 at its end. */
  shows(view: symbol, device: string, part: 'video' | 'screen', height: number): void {
    for (const one of this.#views.show(view, device, part, height)) this.#shownAnew.add(one);
    // A picture that changes its place ends in one and begins in the other: it is not stopped between.
    this.#asking ??= setTimeout(() => this.#ask(), ASK_MS);
  }

  #ask(): void {
    this.#asking = undefined;
    for (const one of this.#shownAnew) this.#mesh.ask(one, this.#views.of(one));
    this.#shownAnew.clear();
  }

  // --- what the hub says --------------------------------------------------------------------------

  muted(frame: CallMuted): void {
    if (frame.call !== this.id) return;
    this.#telling.muted(frame.mutes);
    this.mutedBy = frame.by;
    this.media.setMuted(true);
  }

  /** End everything; the page goes, or the person signs out. */
  close(): Promise<void> {
    this.#finish('left');
    return this.#life.end();
  }

  // --- within -------------------------------------------------------------------------------------

  #command<C extends CommandBody>(command: C): Promise<Results[C['cmd']]> {
    return this.#environment.command(command);
  }

  #asOfNow(): Call | null {
    const summary = this.room.state?.summary;
    if (!summary || summary.head < this.#answered.head) return this.#answered;
    return summary.call?.call === this.id ? summary.call : null;
  }

  #effects(): void {
    $effect(() => this.#judge(this.call));
    $effect(() => {
      const others = this.#reach();
      if (this.over === null) untrack(() => this.#mesh.update(others));
    });
    $effect(() => {
      // Whoever is no member any more hears nothing of the call.
      if (this.room.status === 'removed' || this.room.status === 'not_found') this.#finish('removed');
    });
    $effect(() => {
      this.#mesh.setTracks(this.media.tracks, { camera: this.media.cameraHeight, screen: this.media.screen?.getSettings().height ?? 1080 });
    });
    $effect(() => {
      // Whatever of it changes is told.
      void [this.media.muted, this.media.microphone, this.media.camera, this.media.screen, this.hand];
      this.#telling.tell();
    });
    $effect(() => {
      if (this.#environment.isLive() && this.room.status === 'ready') void this.#enter();
    });
  }

  /** What the log says of this person. */
  #judge(call: Call | null): void {
    if (this.over !== null) return;
    if (!call || call.ended != null) return this.#finish('ended');
    const mine = call.people[this.#environment.me];
    if (mine?.state === 'in') {
      if (mine.device !== this.#environment.device) this.#finish('elsewhere');
    } else if (mine?.removed) this.#finish('removed');
    else if (this.#environment.isLive()) void this.#enter(); // it was lost for a while
  }

  /** On a fresh connection, and after one was lost for long: the same call goes on. */
  async #enter(): Promise<void> {
    if (this.#entering || this.over !== null) return;
    this.#entering = true;
    this.#telling.forgotten();
    try {
      this.#answered = await this.#command({ cmd: 'call_join', thread: this.thread, call: this.id, device: this.#environment.device });
      this.#telling.tell();
    } catch (thrown) {
      this.#notEntered(asApiError(thrown));
    } finally {
      this.#entering = false;
    }
  }

  #notEntered(error: ApiError): void {
    if (this.over !== null) return;
    if (error.code === 'offline' || error.code === 'timeout' || error.temporary) {
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#environment.isLive() && void this.#enter(), error.retryAfter === null ? AGAIN_MS : error.retryAfter * 1000);
    } else if (error.code === 'call_ended' || error.code === 'call_not_found') this.#finish('ended');
    else if (error.code === 'removed_from_call') this.#finish('removed');
    else {
      this.error = error;
      this.#finish('refused');
    }
  }

  /** Who else is in, and where they are reached. */
  #reach(): Other[] {
    const people = Object.entries(this.call?.people ?? {});
    return people
      .filter(([uid, one]) => uid !== this.#environment.me && one.state === 'in' && one.device != null)
      .map(([uid, { device }]) => this.#other(uid, device as string));
  }

  #other(uid: string, device: string): Other {
    const told = this.#lastOf(uid, device);
    return {
      uid,
      device,
      address: this.#presenceOf(uid, device)?.session ?? null,
      sends: { voice: told !== null && !told.muted, camera: told?.camera ?? false, screen: told?.screen ?? false },
    };
  }

  #presenceOf(uid: string, device: string): { session: string; call: InCall } | null {
    const found = this.room.presence
      .filter((one) => one.uid === uid && one.call?.call === this.id && one.call.device === device)
      .map((one) => ({ session: one.session, call: one.call as InCall }));
    return found.reduce<(typeof found)[number] | null>((latest, one) => (latest && latest.call.at >= one.call.at ? latest : one), null);
  }

  #participants(): Participant[] {
    void this.#moves;
    const { me, device: mine } = this.#environment;
    const { camera, screen } = this.media;
    const call = this.call;
    if (!call) return [];
    const own: Participant = {
      uid: me,
      device: mine,
      isMe: true,
      muted: this.isSilent,
      camera: camera !== null,
      screen: screen !== null,
      hand: this.hand,
      state: 'connected',
      isPoor: false,
      isLate: false,
      relayed: null,
      speaks: this.#speakers.has(me) && !this.isSilent,
      tracks: { camera, screen },
    };
    const others = this.#reach()
      .map((one) => this.#participant(one, call))
      .sort((a, b) => (call.people[a.uid]?.since ?? 0) - (call.people[b.uid]?.since ?? 0) || (a.uid < b.uid ? -1 : 1));
    return [own, ...others];
  }

  #participant({ uid, device }: Other, call: Call): Participant {
    const told = this.#lastOf(uid, device);
    const pair = this.#mesh.get(device);
    const muted = told ? (told.muted ?? false) : true; // the hub leaves out what is not
    return {
      uid,
      device,
      isMe: false,
      muted,
      camera: told?.camera ?? false,
      screen: told?.screen ?? false,
      hand: told?.hand ?? false,
      state: pair?.state ?? 'connecting',
      isPoor: pair?.isPoor ?? false,
      isLate: pair?.isLate ?? false,
      relayed: pair?.measured?.relayed ?? null,
      speaks: !muted && call.people[uid]?.state === 'in' && this.#speakers.has(uid),
      tracks: { camera: this.#mesh.received(device, 'camera'), screen: this.#mesh.received(device, 'screen') },
    };
  }

  /** Presence that is missing means nothing: what they said last holds. */
  #lastOf(uid: string, device: string): InCall | null {
    const now = this.#presenceOf(uid, device)?.call;
    if (now) this.#lastTold.set(device, now);
    return this.#lastTold.get(device) ?? null;
  }

  #sounds(): { key: string; track: MediaStreamTrack; muted: boolean }[] {
    return this.others.flatMap(({ device, muted, screen }) => {
      const voice = this.#mesh.received(device, 'microphone');
      const sound = this.#mesh.received(device, 'sound');
      return [
        ...(voice ? [{ key: `${device} voice`, track: voice, muted }] : []),
        ...(sound ? [{ key: `${device} sound`, track: sound, muted: !screen }] : []),
      ];
    });
  }

  #listenWho(): void {
    const levels = new Map<string, number>([[this.#environment.me, this.media.meter.level]]);
    for (const { uid, device } of this.others) levels.set(uid, this.#mesh.get(device)?.level() ?? 0);
    const now = this.#speaking.hear(levels, Date.now());
    if (now.size !== this.#speakers.size || [...now].some((uid) => !this.#speakers.has(uid))) this.#speakers = now;
  }

  #heard({ thread, kind, from_uid: uid, payload }: SignalMessage): void {
    if (thread !== this.thread || kind !== SIGNAL_KIND || this.over !== null) return;
    const signal = readSignal(payload);
    if (signal && signal.call === this.id && signal.to === this.#environment.device && signal.from !== signal.to) this.#mesh.receive(uid, signal);
  }

  #listen(): void {
    this.#life.onEnd(() => clearTimeout(this.#asking));
    this.#life.listen(window, 'online', () => this.#mesh.networkChanged());
    const { connection } = navigator as Navigator & { connection?: EventTarget & { type?: string } };
    let type = connection?.type;
    // It tells of each new estimate of the speed, too.
    if (connection) this.#life.listen(connection, 'change', () => {
      if (connection.type !== type) this.#mesh.networkChanged();
      type = connection.type;
    });
    // The browser asks whether to go, and then there is time for one word.
    this.#life.listen(window, 'beforeunload', (event) => event.preventDefault());
    this.#life.listen(window, 'pagehide', () => this.leave());
  }

  #finish(why: Over): void {
    if (this.over !== null) return;
    this.over = why;
    if (why === 'left' && this.#environment.isLive()) {
      this.#command({ cmd: 'call_leave', thread: this.thread, call: this.id, device: this.#environment.device }).catch(() => undefined);
    }
    this.#environment.over(this);
    void this.#life.end();
  }
}

/** The list as it was, or what is left of it: what is equal stays the same, so that nothing is drawn anew. */
function settled(before: readonly Participant[], now: readonly Participant[]): readonly Participant[] {
  const list = now.map((one) => before.find((known) => isSame(known, one)) ?? one);
  return list.length === before.length && list.every((one, index) => one === before[index]) ? before : list;
}

function isSame(a: Participant, b: Participant): boolean {
  const keys = Object.keys(b) as (keyof Participant)[];
  const { camera, screen } = a.tracks;
  return camera === b.tracks.camera && screen === b.tracks.screen && keys.every((key) => key === 'tracks' || a[key] === b[key]);
}
