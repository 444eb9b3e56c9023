/**
 * Everybody else in a call, each connected with this page directly. Who that is the log says; where
 * they can be reached their presence does.
 */
import type { Part, Tracks } from './connection';
import { NO_TRACKS } from './connection';
import type { IceServers } from './ice.svelte';
import { Pair } from './pair';
import type { CallSignal, Pointer, SignalBody, Want } from './signals';
import { type Capture, captureFor, type Strain, strainAfter } from './sizes';

const LOOK_MS = 400;
/** A signal may be here before the log says that its sender is in. */
const EARLY_MS = 5_000;
const MAX_EARLY = 64;

export interface Other {
  readonly uid: string;
  readonly device: string;
  /** Their connection to the hub; null: not known now. */
  readonly address: string | null;
  /** What they say that they send. */
  readonly sends: { readonly voice: boolean; readonly camera: boolean; readonly screen: boolean };
}

export interface MeshOptions {
  readonly mine: string;
  readonly ice: IceServers;
  send(to: Other, session: string | null, body: SignalBody): void;
  reacted(uid: string, emoji: string): void;
  pointed(uid: string, pointer: Pointer | null): void;
  /** What is to be taken of the camera. */
  needs(capture: Capture): void;
  /** Of one of the pairs. */
  changed(): void;
}

interface Known {
  other: Other;
  readonly pair: Pair;
}

export class Mesh {
  readonly #options: MeshOptions;
  readonly #known = new Map<string, Known>();
  /** Who could be told something before. */
  readonly #reached = new WeakSet<Pair>();
  #early: { uid: string; signal: CallSignal; at: number }[] = [];
  #tracks: Tracks = NO_TRACKS;
  #heights = { camera: 0, screen: 0 };
  #strain: Strain = 0;
  #strainedS = 0;
  #calmS = 0;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  get(device: string): Pair | undefined {
    return this.#known.get(device)?.pair;
  }

  /** Who else is in now. */
  update(others: readonly Other[]): void {
    const devices = new Set(others.map((one) => one.device));
    for (const [device, { pair }] of this.#known) {
      if (devices.has(device)) continue;
      this.#known.delete(device);
      pair.close();
    }
    for (const other of others) {
      const known = this.#known.get(other.device) ?? this.#add(other);
      const before = known.other.address;
      known.other = other;
      known.pair.sends = other.sends;
      if (other.address !== null && (other.address !== before || !this.#reached.has(known.pair))) {
        this.#reached.add(known.pair);
        known.pair.reachable();
      }
    }
    this.#takeEarly();
    this.#size();
  }

  /** What was said may not have arrived: say again what waits for an answer. */
  sayAgain(): void {
    for (const { other, pair } of this.#known.values()) if (other.address !== null) pair.reachable();
  }

  /** What somebody's connection to the hub says. */
  receive(uid: string, signal: CallSignal, at = Date.now()): void {
    const known = this.#known.get(signal.from);
    if (!known || known.other.uid !== uid) {
      this.#early = [...this.#early.slice(1 - MAX_EARLY), { uid, signal, at }];
      return;
    }
    if (signal.reaction !== undefined) this.#options.reacted(uid, signal.reaction);
    if (signal.pointer !== undefined) this.#options.pointed(uid, signal.pointer);
    known.pair.receive(signal);
    if (signal.want) this.#size();
  }

  /** @param heights of the pictures that are taken. */
  setTracks(tracks: Tracks, heights: { camera: number; screen: number }): void {
    this.#tracks = tracks;
    this.#heights = heights;
    for (const { pair } of this.#known.values()) pair.setTracks(tracks);
    this.#size();
  }

  ask(device: string, want: Want): void {
    this.#known.get(device)?.pair.ask(want);
  }

  react(emoji: string): void {
    for (const { pair } of this.#known.values()) pair.react(emoji);
  }

  point(pointer: Pointer | null): void {
    for (const { pair } of this.#known.values()) pair.point(pointer);
  }

  received(device: string, part: Part): MediaStreamTrack | null {
    return this.#known.get(device)?.pair.received(part) ?? null;
  }

  networkChanged(): void {
    for (const { pair } of this.#known.values()) pair.networkChanged();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { pair } of this.#known.values()) pair.close();
    this.#known.clear();
  }

  #add(other: Other): Known {
    const { mine, ice } = this.#options;
    const pair = new Pair(
      {
        mine,
        device: other.device,
        ice,
        send: (session, body) => {
          const now = this.#known.get(other.device)?.other;
          if (now?.address != null) this.#options.send(now, session, body);
        },
        changed: () => this.#options.changed(),
      },
      this.#tracks,
    );
    const known = { other, pair };
    this.#known.set(other.device, known);
    return known;
  }

  #takeEarly(): void {
    const since = Date.now() - EARLY_MS;
    const early = this.#early.filter((one) => one.at >= since);
    this.#early = [];
    for (const { uid, signal, at } of early) this.receive(uid, signal, at);
  }

  #size(): void {
    const pairs = [...this.#known.values()].map((one) => one.pair);
    for (const pair of pairs) pair.size(this.#heights, pairs.length, this.#strain);
    if (pairs.length > 0) this.#options.needs(captureFor(pairs.map((pair) => pair.want.video), this.#strain));
  }

  async #look(): Promise<void> {
    const pairs = [...this.#known.values()].map((one) => one.pair);
    await Promise.all(pairs.map((pair) => pair.look()));
    if (this.#closed) return;
    if (pairs.length > 0) this.#options.changed();
    const strained = pairs.some((pair) => pair.measured?.strained);
    this.#strainedS = strained ? this.#strainedS + LOOK_MS / 1000 : 0;
    this.#calmS = strained ? 0 : this.#calmS + LOOK_MS / 1000;
    const strain = strainAfter(this.#strain, this.#strainedS, this.#calmS);
    if (strain !== this.#strain) {
      this.#strain = strain;
      this.#strainedS = this.#calmS = 0;
      this.#size();
    }
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }
}
