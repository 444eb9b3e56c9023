/** Microphones, cameras and screens of this machine, and why one cannot be had. */

export type ProblemKind =
  /** The person or the browser said no. */
  | 'denied'
  /** There is none. */
  | 'none'
  /** Another program has it. */
  | 'in_use'
  /** It was unplugged. */
  | 'ended'
  /** This browser or this address (not HTTPS) does not give any. */
  | 'unsupported';

export interface Chosen {
  /** Empty: the system's choice. */
  readonly device: string;
  readonly noiseSuppression?: boolean;
  /** Of a phone's cameras. */
  readonly facing?: 'user' | 'environment';
}

export class DeviceProblem extends Error {
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind) {
    super(kind);
    this.kind = kind;
  }
}

/** @throws DeviceProblem */
export function openMicrophone({ device, noiseSuppression = true }: Chosen): Promise<MediaStreamTrack> {
  return open('audio', device, { echoCancellation: true, autoGainControl: true, noiseSuppression });
}

/** @throws DeviceProblem */
export function openCamera({ device, facing }: Chosen): Promise<MediaStreamTrack> {
  return open('video', device, {
    height: { ideal: 720 },
    aspectRatio: { ideal: 16 / 9 },
    frameRate: { ideal: 30, max: 30 },
    ...(device === '' && facing ? { facingMode: facing } : {}),
  });
}

/**
 * A screen, a window or a tab of the person's choice, with its sound where the browser has it. Null: they
 * chose none.
 *
 * @throws DeviceProblem
 */
export async function openScreen(): Promise<{ screen: MediaStreamTrack; sound: MediaStreamTrack | null } | null> {
  try {
    const stream = await media().getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: true });
    const [screen] = stream.getVideoTracks();
    if (!screen) throw new DeviceProblem('none');
    screen.contentHint = 'detail';
    return { screen, sound: stream.getAudioTracks()[0] ?? null };
  } catch (thrown) {
    // The person chose none; or their system lets the browser see no screen, which is a problem.
    if (thrown instanceof DOMException && thrown.name === 'NotAllowedError' && !/system/i.test(thrown.message)) return null;
    throw problemOf(thrown);
  }
}

export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

/** Their names are known only while one of them is open, or may be. */
export async function listDevices(): Promise<readonly MediaDeviceInfo[]> {
  return (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
}

async function open(kind: 'audio' | 'video', device: string, wanted: MediaTrackConstraints): Promise<MediaStreamTrack> {
  try {
    return await first(kind, device === '' ? wanted : { ...wanted, deviceId: { exact: device } });
  } catch (thrown) {
    const problem = problemOf(thrown);
    // What was chosen once may be at home.
    if (device === '' || (problem.kind !== 'none' && problem.kind !== 'in_use')) throw problem;
  }
  return first(kind, wanted).catch((thrown: unknown) => {
    throw problemOf(thrown);
  });
}

async function first(kind: 'audio' | 'video', wanted: MediaTrackConstraints): Promise<MediaStreamTrack> {
  const stream = await media().getUserMedia({ [kind]: wanted });
  const [track] = stream.getTracks();
  if (!track) throw new DeviceProblem('none');
  return track;
}

function media(): MediaDevices {
  if (typeof navigator.mediaDevices?.getUserMedia !== 'function') throw new DeviceProblem('unsupported');
  return navigator.mediaDevices;
}

/** Source: W3C Media Capture and Streams, getUserMedia(). */
function problemOf(thrown: unknown): DeviceProblem {
  if (thrown instanceof DeviceProblem) return thrown;
  const name = thrown instanceof DOMException ? thrown.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return new DeviceProblem('denied');
  if (name === 'NotReadableError' || name === 'AbortError') return new DeviceProblem('in_use');
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return new DeviceProblem('none');
  return new DeviceProblem('unsupported');
}
