/**
 * One RTCPeerConnection with one other device: perfect negotiation, four sections whose order says
 * what they carry, and what its counters say of it.
 *
 * Source: W3C WebRTC 1.0, section 10.7; docs/calls.md, section 4.
 */
import type { Arrived } from './flow';
import type { Description, SignalBody } from './signals';
import type { Encoding } from './sizes';

/** What this page sends; null: nothing. */
export interface Tracks {
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly screen: MediaStreamTrack | null;
  readonly sound: MediaStreamTrack | null;
}
export type Part = keyof Tracks;
export const NO_TRACKS: Tracks = { microphone: null, camera: null, screen: null, sound: null };

/** Sections of one kind, in their order. */
const ORDER: Readonly<Record<'audio' | 'video', readonly [Part, Part]>> = {
  audio: ['microphone', 'sound'],
  video: ['camera', 'screen'],
};

export interface Measured extends Arrived {
  /** Media go through a TURN server, on either side; null: not known yet. */
  readonly relayed: boolean | null;
  readonly rttMs: number | null;
  /** RTP packets that should have come, since the connection began. */
  readonly lost: number;
  /** Bytes, since the connection began. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the tallest picture that arrives, pixels. */
  readonly frameHeight: number;
  /** The machine cannot keep up with what it sends. */
  readonly strained: boolean;
}

export interface ConnectionHandlers {
  signal(body: SignalBody): void;
  /** Tracks or states changed. */
  changed(): void;
}

export class Connection {
  readonly session: string;
  readonly #pc: RTCPeerConnection;
  readonly #polite: boolean;
  readonly #handlers: ConnectionHandlers;
  readonly #senders = new Map<Part, RTCRtpSender>();
  readonly #receivers = new Map<Part, RTCRtpReceiver>();
  readonly #encodings = new Map<'camera' | 'screen', Encoding>();
  /** A sender takes one change after the other, those that overlap it refuses: what is under way, and the one that waits. */
  readonly #encoding = new Map<'camera' | 'screen', Promise<void>>();
  readonly #waiting = new Map<'camera' | 'screen', Promise<void>>();
  #tracks: Tracks = NO_TRACKS;
  readonly #sent = new Map<Part, MediaStreamTrack | null>();
  /** Of this side's last offer, and of the other's that is answered. */
  #offered = 0;
  #asked: number | undefined;
  #making = false;
  #answering = false;
  #closed = false;

  /** @param polite gives way when two offers cross; the other one makes the sections. */
  constructor(session: string, configuration: RTCConfiguration, polite: boolean, tracks: Tracks, handlers: ConnectionHandlers) {
    this.session = session;
    this.#polite = polite;
    this.#handlers = handlers;
    this.#tracks = tracks;
    this.#pc = new RTCPeerConnection(configuration);
    this.#pc.onnegotiationneeded = () => void this.#offer();
    this.#pc.onicecandidate = ({ candidate }) => handlers.signal({ candidate: candidate?.toJSON() ?? null });
    this.#pc.onconnectionstatechange = () => handlers.changed();
    if (!polite) {
      for (const part of ['microphone', 'camera', 'sound', 'screen'] as const) {
        const kind = part === 'camera' || part === 'screen' ? 'video' : 'audio';
        this.#pc.addTransceiver(tracks[part] ?? kind, { direction: 'sendrecv' });
        this.#sent.set(part, tracks[part]);
      }
      this.#learn();
    }
  }

  get isConnected(): boolean {
    return this.#pc.connectionState === 'connected';
  }

  get isOver(): boolean {
    return this.#closed || this.#pc.connectionState === 'failed' || this.#pc.connectionState === 'closed';
  }

  /** An offer of this side that has no answer yet. */
  get isUnanswered(): boolean {
    return this.#pc.signalingState === 'have-local-offer';
  }

  /** What arrives; the track is there before anything does. */
  received(part: Part): MediaStreamTrack | null {
    return this.#receivers.get(part)?.track ?? null;
  }

  /** How loud somebody is, 0 to 1. */
  level(): number {
    return this.#receivers.get('microphone')?.getSynchronizationSources()[0]?.audioLevel ?? 0;
  }

  /** Say the offer again that has no answer. */
  repeat(): void {
    if (this.isUnanswered) this.#describe();
  }

  /** Find another way; media go on meanwhile. */
  restart(configuration: RTCConfiguration): void {
    if (this.#closed) return;
    this.#pc.setConfiguration(configuration);
    this.#pc.restartIce();
  }

  async setTracks(tracks: Tracks): Promise<void> {
    this.#tracks = tracks;
    await Promise.all([...this.#senders].map(([part, sender]) => this.#send(part, sender)));
  }

  /** How a picture is sent. */
  async setEncoding(part: 'camera' | 'screen', wanted: Encoding): Promise<void> {
    if (same(this.#encodings.get(part), wanted)) return; // asking a sender what it has is dear
    this.#encodings.set(part, wanted);
    await this.#encode(part);
  }

  /** One after the other, in the order in which they arrived. */
  async receive({ description, candidate }: SignalBody): Promise<void> {
    if (this.#closed) return;
    if (description) await this.#described(description);
    if (candidate !== undefined) {
      // One of an offer that was passed over, or one that no network understands: others follow.
      await this.#pc.addIceCandidate(candidate ?? undefined).catch(() => undefined);
    }
  }

  async measure(): Promise<Measured> {
    return measured(await this.#pc.getStats());
  }

  close(): void {
    this.#closed = true;
    this.#pc.onnegotiationneeded = this.#pc.onicecandidate = this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  async #described({ type, sdp, offer }: Description): Promise<void> {
    const pc = this.#pc;
    // Of an offer that was given up, or was answered already.
    if (type === 'answer' && (pc.signalingState !== 'have-local-offer' || (offer !== undefined && offer !== this.#offered))) return;
    const ready = !this.#making && (pc.signalingState === 'stable' || this.#answering);
    if (!this.#polite && type === 'offer' && !ready) return; // it crossed this side's, which holds
    this.#answering = type === 'answer';
    try {
      await pc.setRemoteDescription({ type, sdp });
    } finally {
      this.#answering = false;
    }
    this.#learn();
    await this.#soundFirst();
    if (type === 'offer') {
      this.#asked = offer;
      for (const one of pc.getTransceivers()) if (one.direction === 'recvonly') one.direction = 'sendrecv';
      await Promise.all([...this.#senders].map(([part, sender]) => this.#send(part, sender)));
      await pc.setLocalDescription();
      this.#describe();
    }
    await Promise.all([...this.#encodings.keys()].map((part) => this.#encode(part)));
    this.#handlers.changed();
  }

  async #offer(): Promise<void> {
    // The sections are the other side's to make.
    if (this.#closed || (this.#polite && this.#pc.remoteDescription === null)) return;
    try {
      this.#making = true;
      await this.#pc.setLocalDescription();
      this.#offered++;
      this.#describe();
    } catch (error) {
      if (!this.#closed) reportError(error);
    } finally {
      this.#making = false;
    }
  }

  #describe(): void {
    const { localDescription } = this.#pc;
    if (this.#closed || !localDescription) return;
    const { type, sdp } = localDescription;
    const offer = type === 'offer' ? this.#offered : this.#asked;
    if (type === 'offer' || type === 'answer') this.#handlers.signal({ description: { type, sdp, ...(offer === undefined ? {} : { offer }) } });
  }

  /** Where the way is narrow, voices go before pictures. */
  async #soundFirst(): Promise<void> {
    const sender = this.#senders.get('microphone');
    const parameters = sender?.getParameters();
    const encoding = parameters?.encodings[0];
    if (!sender || !parameters || !encoding || encoding.priority === 'high') return;
    encoding.priority = encoding.networkPriority = 'high';
    await sender.setParameters(parameters).catch(() => undefined);
  }

  /** Which section carries what. */
  #learn(): void {
    const transceivers = this.#pc.getTransceivers();
    for (const kind of ['audio', 'video'] as const) {
      const sections = transceivers.filter((one) => one.receiver.track.kind === kind);
      ORDER[kind].forEach((part, index) => {
        const section = sections[index];
        if (!section) return;
        this.#senders.set(part, section.sender);
        this.#receivers.set(part, section.receiver);
      });
    }
  }

  async #send(part: Part, sender: RTCRtpSender): Promise<void> {
    const track = this.#tracks[part];
    if (this.#sent.get(part) === track) return;
    this.#sent.set(part, track);
    await sender.replaceTrack(track).catch(() => undefined); // it ended meanwhile
  }

  #encode(part: 'camera' | 'screen'): Promise<void> {
    const waiting = this.#waiting.get(part);
    if (waiting) return waiting;
    const next = (this.#encoding.get(part) ?? Promise.resolve()).then(() => {
      this.#waiting.delete(part);
      return this.#setParameters(part);
    });
    this.#waiting.set(part, next);
    this.#encoding.set(part, next.catch(() => undefined)); // a connection that is over
    return next;
  }

  /** As it is wanted by now. */
  async #setParameters(part: 'camera' | 'screen'): Promise<void> {
    const sender = this.#senders.get(part);
    const parameters = sender?.getParameters();
    const encoding = parameters?.encodings[0];
    if (!sender || !parameters || !encoding) return; // not negotiated yet: after that it is set again
    Object.assign(encoding, this.#encodings.get(part));
    parameters.degradationPreference = part === 'screen' ? 'maintain-resolution' : 'balanced';
    await sender.setParameters(parameters).catch(() => undefined); // with the next change
  }
}

function same(before: Encoding | undefined, now: Encoding): boolean {
  return before !== undefined && (Object.keys(now) as (keyof Encoding)[]).every((key) => before[key] === now[key]);
}

function measured(report: RTCStatsReport): Measured {
  const all: Record<string, unknown>[] = [];
  report.forEach((one: Record<string, unknown>) => all.push(one));
  const find = (id: unknown): Record<string, unknown> | undefined => all.find((one) => one['id'] === id);
  const of = (type: string): Record<string, unknown>[] => all.filter((one) => one['type'] === type);
  const sum = (list: Record<string, unknown>[], key: string): number => list.reduce((total, one) => total + number(one[key]), 0);

  const inbound = of('inbound-rtp');
  const [transport] = of('transport');
  const pair = find(transport?.['selectedCandidatePairId']) ?? of('candidate-pair').find((one) => one['nominated'] === true && one['state'] === 'succeeded');
  const ends = pair ? [find(pair['localCandidateId']), find(pair['remoteCandidateId'])] : [];
  const rtt = pair?.['currentRoundTripTime'];
  const pictures = inbound.filter((one) => one['kind'] === 'video');
  return {
    media: sum(inbound, 'packetsReceived'),
    any: pair ? number(pair['bytesReceived']) + number(pair['responsesReceived']) + number(pair['requestsReceived']) : 0,
    relayed: pair ? ends.some((one) => one?.['candidateType'] === 'relay') : null,
    rttMs: typeof rtt === 'number' ? rtt * 1000 : null,
    lost: sum(inbound, 'packetsLost'),
    bytesIn: pair ? number(pair['bytesReceived']) : 0,
    bytesOut: pair ? number(pair['bytesSent']) : 0,
    frameHeight: Math.max(0, ...pictures.map((one) => number(one['frameHeight']))),
    strained: of('outbound-rtp').some((one) => one['qualityLimitationReason'] === 'cpu'),
  };
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
