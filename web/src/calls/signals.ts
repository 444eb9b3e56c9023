/** What browsers in a call tell each other: docs/calls.md, section 4. Pure. */

export interface Want {
  /** Pixels of height at which the camera is shown; 0: not at all. */
  readonly video: number;
  readonly screen: number;
}

/** A place on a screen that is shared, 0 to 1 of its width and height. */
export interface Pointer {
  /** The device that shares it. */
  readonly screen: string;
  readonly x: number;
  readonly y: number;
}

export interface Description {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
  /** Of the offer; its answer repeats it. */
  readonly offer?: number;
}

/** What one signal says; mostly one thing. */
export interface SignalBody {
  readonly hello?: true;
  readonly description?: Description;
  /** Null: there are no more. */
  readonly candidate?: RTCIceCandidateInit | null;
  readonly want?: Want;
  readonly reaction?: string;
  /** Where one points; null: nowhere any more. */
  readonly pointer?: Pointer | null;
}

export interface CallSignal extends SignalBody {
  readonly call: string;
  /** Devices. */
  readonly from: string;
  readonly to: string;
  /** Of the connection that it is about. */
  readonly session: string | null;
}

export const SIGNAL_KIND = 'call';
const MAX_NAME = 64;
const MAX_SDP = 60_000;
const MAX_CANDIDATE = 1_024;
const MAX_REACTION = 32;
const MAX_HEIGHT = 4_320;

/** A signal that can be used; null for anything else. */
export function readSignal(payload: unknown): CallSignal | null {
  if (!isRecord(payload)) return null;
  const { call, from, to, session } = payload;
  if (!isName(call) || !isName(from) || !isName(to) || !(session === null || isName(session))) return null;
  const body: { -readonly [Key in keyof SignalBody]: SignalBody[Key] } = {};
  if (payload['hello'] === true) body.hello = true;
  const description = payload['description'];
  if (description !== undefined) {
    if (!isRecord(description)) return null;
    const { type, sdp, offer } = description;
    if ((type !== 'offer' && type !== 'answer') || !isText(sdp, MAX_SDP)) return null;
    if (offer != null && !Number.isInteger(offer)) return null;
    body.description = { type, sdp, ...(offer == null ? {} : { offer: offer as number }) };
  }
  const candidate = payload['candidate'];
  if (candidate === null) body.candidate = null;
  else if (candidate !== undefined) {
    const read = readCandidate(candidate);
    if (!read) return null;
    body.candidate = read;
  }
  const want = payload['want'];
  if (want !== undefined) {
    if (!isRecord(want) || !isHeight(want['video']) || !isHeight(want['screen'])) return null;
    body.want = { video: want['video'], screen: want['screen'] };
  }
  const reaction = payload['reaction'];
  if (reaction !== undefined) {
    if (!isText(reaction, MAX_REACTION) || reaction.trim() === '') return null;
    body.reaction = reaction;
  }
  const pointer = payload['pointer'];
  if (pointer === null) body.pointer = null;
  else if (pointer !== undefined) {
    if (!isRecord(pointer) || !isName(pointer['screen']) || !isPart(pointer['x']) || !isPart(pointer['y'])) return null;
    body.pointer = { screen: pointer['screen'], x: pointer['x'], y: pointer['y'] };
  }
  return { call, from, to, session, ...body };
}

function readCandidate(value: unknown): RTCIceCandidateInit | null {
  if (!isRecord(value)) return null;
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = value;
  if (!isText(candidate, MAX_CANDIDATE)) return null;
  if (sdpMid != null && !isText(sdpMid, MAX_NAME)) return null;
  if (sdpMLineIndex != null && !(Number.isInteger(sdpMLineIndex) && (sdpMLineIndex as number) >= 0)) return null;
  if (usernameFragment != null && !isText(usernameFragment, 256)) return null;
  return {
    candidate,
    ...(sdpMid == null ? {} : { sdpMid }),
    ...(sdpMLineIndex == null ? {} : { sdpMLineIndex: sdpMLineIndex as number }),
    ...(usernameFragment == null ? {} : { usernameFragment }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}

function isName(value: unknown): value is string {
  return isText(value, MAX_NAME) && value !== '';
}

function isHeight(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_HEIGHT;
}

function isPart(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
