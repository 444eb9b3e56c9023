/**
 * Being connected with one other device, as long as both are in the call: who begins, what is said
 * again when it may be lost, when another way is looked for, and when all begins anew.
 *
 * Media and words go on whatever happens to the connection to the hub.
 */
import { newName } from '../wire/ids';
import { Connection, type Measured, NO_TRACKS, type Part, type Tracks } from './connection';
import { Flow } from './flow';
import type { IceServers } from './ice.svelte';
import type { CallSignal, Pointer, SignalBody, Want } from './signals';
import { cameraEncoding, screenEncoding, type Strain } from './sizes';

export type PairState =
  /** For the first time. */
  | 'connecting'
  | 'connected'
  /** Nothing arrives; another way is looked for. */
  | 'reconnecting';

/** The polite one says hello again while it is not connected. */
const HELLO_MS = [10_000, 20_000, 40_000] as const;
/** So long another way may take before one more is looked for. */
const RESTART_MS = 4_000;
/** The side that did not begin waits, so that not both look at once. */
const POLITE_WAIT_MS = 1_000;
/** After so many restarts all begins anew. */
const MAX_RESTARTS = 3;
/** After this another try to begin, when the hub did not say by which servers. */
const BEGIN_MS = 3_000;
/** A connection may take so long before another hello begins anew. */
const FRESH_MS = 5_000;
/** Who is not connected after so long perhaps never will be: the person is told. */
const LATE_MS = 12_000;
/** A page that slept so long could not look. */
const SLEPT_MS = 3_000;
const POOR_LOSS = 0.05;
const POOR_RTT_MS = 500;

export interface PairOptions {
  readonly mine: string;
  readonly device: string;
  readonly ice: IceServers;
  /** To the device, if it can be reached. */
  send(session: string | null, body: SignalBody): void;
  changed(): void;
}

export class Pair {
  state: PairState = 'connecting';
  measured: Measured | null = null;
  /** What they say that they send. */
  sends = { voice: false, camera: false, screen: false };
  /** What the other one shows. */
  want: Want = { video: 0, screen: 0 };

  readonly #options: PairOptions;
  readonly #polite: boolean;
  #connection: Connection | null = null;
  #flow: Flow;
  #tracks: Tracks = NO_TRACKS;
  #queue: Promise<unknown> = Promise.resolve();
  #asked: Want | null = null;
  #sizes: { heights: { camera: number; screen: number }; others: number; strain: Strain } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loss = 0;
  #restarts = 0;
  #restartAt = Infinity;
  #lookedAt: number;
  #apartSince: number;
  #beganAt = 0;
  #closed = false;

  constructor(options: PairOptions, tracks: Tracks) {
    this.#options = options;
    this.#polite = options.mine > options.device;
    this.#tracks = tracks;
    this.#lookedAt = this.#apartSince = Date.now();
    this.#flow = new Flow(this.#lookedAt);
  }

  /** No way was found for long. */
  get isLate(): boolean {
    return this.state !== 'connected' && Date.now() - this.#apartSince > LATE_MS;
  }

  /** Much is lost on the way, or it is long. */
  get isPoor(): boolean {
    return this.#loss > POOR_LOSS || (this.measured?.rttMs ?? 0) > POOR_RTT_MS;
  }

  received(part: Part): MediaStreamTrack | null {
    return this.#connection?.received(part) ?? null;
  }

  level(): number {
    return this.#connection?.level() ?? 0;
  }

  /** The other one can be told something, for the first time or on a new connection to the hub. */
  reachable(): void {
    if (this.#asked) this.#say({ want: this.#asked });
    if (this.#polite) {
      if (this.#connection?.isUnanswered) this.#connection.repeat();
      else if (this.state !== 'connected') this.#hello(0);
    } else if (this.#connection) this.#connection.repeat();
    else this.#enqueue(async () => this.#connection ?? this.#begin());
  }

  receive(signal: CallSignal): void {
    if (signal.want) this.#wanted(signal.want);
    if (signal.hello) this.#enqueue(() => this.#heardHello());
    if (signal.description || signal.candidate !== undefined) this.#enqueue(() => this.#heard(signal));
  }

  setTracks(tracks: Tracks): void {
    this.#tracks = tracks;
    void this.#connection?.setTracks(tracks);
  }

  /** Tell the other one how large it is shown. */
  ask(want: Want): void {
    if (this.#asked?.video === want.video && this.#asked.screen === want.screen) return;
    this.#asked = want;
    this.#say({ want });
  }

  /** @param heights of what is taken. @param others people in the call. */
  size(heights: { camera: number; screen: number }, others: number, strain: Strain): void {
    this.#sizes = { heights, others, strain };
    this.#encode();
  }

  #encode(): void {
    if (!this.#sizes) return;
    const { heights, others, strain } = this.#sizes;
    void this.#connection?.setEncoding('camera', cameraEncoding(this.want.video, heights.camera, others, strain));
    void this.#connection?.setEncoding('screen', screenEncoding(this.want.screen, heights.screen, strain));
  }

  react(emoji: string): void {
    this.#say({ reaction: emoji });
  }

  point(pointer: Pointer | null): void {
    this.#say({ pointer });
  }

  /** Several times a second: whether something arrives. */
  async look(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const found = await connection.measure().catch(() => null);
    const now = Date.now();
    if (this.#closed || connection !== this.#connection || !found) return;
    if (now - this.#lookedAt > SLEPT_MS) this.#flow.forgive(now);
    this.#lookedAt = now;
    this.#loss = lossAfter(this.#loss, this.measured, found);
    this.measured = found;
    this.#flow.see(found, now);
    this.#judge(now);
  }

  /** The network changed: what was good a moment ago may be gone. */
  networkChanged(): void {
    if (this.state === 'connected') this.#findAnotherWay();
    else if (this.state === 'reconnecting') this.#restartAt = 0;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = null;
  }

  /** Whether something of them should arrive. */
  get #expects(): boolean {
    const { voice, camera, screen } = this.sends;
    return voice || (camera && (this.#asked?.video ?? 0) > 0) || (screen && (this.#asked?.screen ?? 0) > 0);
  }

  #judge(now: number): void {
    const connection = this.#connection;
    if (!connection) return;
    const stalled = connection.isOver || this.#flow.isStalled(now, this.#expects);
    if (connection.isConnected && !stalled) {
      if (this.state !== 'connected') this.#connected();
    } else if (this.state === 'connecting') {
      if (connection.isOver) this.#anew();
    } else if (stalled) {
      if (this.state === 'connected') {
        this.state = 'reconnecting';
        this.#apartSince = now;
        this.#restartAt = now + (this.#polite && !connection.isOver ? POLITE_WAIT_MS : 0);
      }
      if (now >= this.#restartAt) this.#restart(now);
    }
  }

  #connected(): void {
    this.state = 'connected';
    this.#restarts = 0;
    this.#clearTimer();
  }

  #restart(now: number): void {
    this.#restartAt = now + RESTART_MS;
    if (this.#restarts++ < MAX_RESTARTS) this.#findAnotherWay();
    else this.#anew();
  }

  /** Another way for the same connection. */
  #findAnotherWay(): void {
    const connection = this.#connection;
    this.#enqueue(async () => {
      const configuration = await this.#options.ice.configuration();
      if (connection === this.#connection) connection?.restart(configuration);
    });
  }

  #anew(): void {
    this.#restarts = 0;
    const over = this.#connection;
    if (!this.#polite) this.#enqueue(async () => over === this.#connection && this.#begin());
    else if (this.#timer === undefined) this.#hello(0);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hello(turn: number): void {
    this.#clearTimer();
    if (this.#closed || (turn > 0 && this.state === 'connected')) return;
    this.#options.send(null, { hello: true });
    this.#timer = setTimeout(() => this.#hello(turn + 1), HELLO_MS[Math.min(turn, HELLO_MS.length - 1)]);
  }

  async #heardHello(): Promise<void> {
    if (this.#polite) return; // it is the other one's to say
    const connection = this.#connection;
    if (connection?.isUnanswered) connection.repeat();
    // One that was just begun may yet connect, and several hellos may have waited. Whoever says it though all is well here lost it.
    else if (!connection || connection.isOver || Date.now() - this.#beganAt > FRESH_MS) await this.#begin();
  }

  async #heard(signal: CallSignal): Promise<void> {
    const { session, description } = signal;
    if (session === null) return;
    if (session !== this.#connection?.session) {
      if (!this.#polite || description?.type !== 'offer') return; // of a connection that is over
      await this.#open(session);
    }
    await this.#connection?.receive(signal);
    this.#resume();
  }

  async #begin(): Promise<void> {
    this.#clearTimer();
    try {
      await this.#open(newName());
    } catch (error) {
      this.#timer = setTimeout(() => this.#enqueue(() => this.#begin()), BEGIN_MS);
      throw error;
    }
  }

  async #open(session: string): Promise<void> {
    const configuration = await this.#options.ice.configuration();
    if (this.#closed) return;
    this.#connection?.close();
    const connection: Connection = new Connection(session, configuration, this.#polite, this.#tracks, {
      signal: (body) => {
        if (!this.#closed && this.#connection === connection) this.#options.send(session, body);
      },
      changed: () => {
        if (this.#closed || this.#connection !== connection) return;
        this.#resume();
        this.#options.changed();
      },
    });
    this.#connection = connection;
    this.#beganAt = Date.now();
    this.#encode();
    this.measured = null;
    this.#flow = new Flow(Date.now());
    this.#options.changed();
  }

  /** Said by ICE, and then judged by what arrives. */
  #resume(): void {
    if (this.#connection?.isConnected && this.state === 'connecting') this.#connected();
  }

  #wanted(want: Want): void {
    this.want = want;
    this.#options.changed();
  }

  #say(body: SignalBody): void {
    this.#options.send(this.#connection?.session ?? null, body);
  }

  /** What one does with a connection waits for what came before. */
  #enqueue(work: () => Promise<unknown>): void {
    this.#queue = this.#queue
      .then(() => (this.#closed ? undefined : work()))
      .catch(() => undefined); // a description that no browser takes, or no servers known yet: what follows, or hello, mends it
  }
}

/** Of what should have arrived, over the last seconds. */
function lossAfter(loss: number, before: Measured | null, now: Measured): number {
  const lost = Math.max(0, now.lost - (before?.lost ?? 0));
  const due = lost + Math.max(0, now.media - (before?.media ?? 0));
  return due === 0 ? loss * 0.8 : loss * 0.8 + (lost / due) * 0.2;
}
