/** How large, how often and with how many bits a picture is sent: audio first. Pure. */

/** Heights in pixels that are asked for. */
export const HEIGHTS = [90, 180, 270, 360, 540, 720, 1080] as const;

/** What the machine bears: 0 everything, 2 the least. */
export type Strain = 0 | 1 | 2;

export interface Encoding {
  readonly active: boolean;
  readonly scaleResolutionDownBy: number;
  /** Bits a second. */
  readonly maxBitrate: number;
  /** Frames a second. */
  readonly maxFramerate: number;
}

const BITS: readonly [height: number, bits: number][] = [
  [90, 80_000],
  [180, 160_000],
  [270, 300_000],
  [360, 500_000],
  [540, 900_000],
  [720, 1_500_000],
  [1080, 2_500_000],
];
/** Of a camera, to one, two and three others. */
const TALLEST = [720, 720, 360, 360] as const;
/** A stamp need not move as a large picture does. */
const FRAMERATES: readonly [height: number, framerate: number][] = [
  [180, 15],
  [360, 24],
  [Infinity, 30],
];
const STRAINED: Readonly<Record<Strain, { height: number; framerate: number }>> = {
  0: { height: Infinity, framerate: 30 },
  1: { height: 360, framerate: 20 },
  2: { height: 180, framerate: 15 },
};
const SCREEN_FRAMERATE = 15;

/** The height to ask for, of a picture that is shown `cssPx` high. */
export function heightFor(cssPx: number, pixelRatio: number): number {
  if (cssPx <= 0) return 0;
  const wanted = cssPx * Math.min(pixelRatio, 2);
  return HEIGHTS.find((height) => height >= wanted * 0.9) ?? 1080;
}

/**
 * @param want what the receiver shows it at.
 * @param source height of what is taken.
 * @param others people it is sent to.
 */
export function cameraEncoding(want: number, source: number, others: number, strain: Strain): Encoding {
  const height = cameraHeight(want, others, strain);
  return encoding(want, height, source, framerateOf(height, strain));
}

export interface Capture {
  readonly height: number;
  readonly framerate: number;
}

/** What is to be taken of the camera, so that every other one has what they show; one's own picture is small. */
export function captureFor(wants: readonly number[], strain: Strain): Capture {
  const most = Math.max(CAPTURED[0], ...wants.map((want) => cameraHeight(want, wants.length, strain)));
  const height = CAPTURED.find((one) => one >= most) ?? 720;
  return { height, framerate: framerateOf(most, strain) };
}

const CAPTURED = [180, 360, 720] as const;

function cameraHeight(want: number, others: number, strain: Strain): number {
  const most = TALLEST[Math.min(others, TALLEST.length - 1)] ?? 360;
  return Math.min(want, most, STRAINED[strain].height);
}

function framerateOf(height: number, strain: Strain): number {
  const smooth = FRAMERATES.find(([upTo]) => height <= upTo)?.[1] ?? 30;
  return Math.min(smooth, STRAINED[strain].framerate);
}

/** Of a screen every letter counts: few frames, all pixels. */
export function screenEncoding(want: number, source: number, strain: Strain): Encoding {
  const full = want > 180 ? Math.max(want, 1080) : want;
  return encoding(want, full, source, strain === 2 ? 8 : SCREEN_FRAMERATE);
}

function encoding(want: number, height: number, source: number, maxFramerate: number): Encoding {
  const scaled = Math.max(1, source / Math.max(height, 1));
  const bits = BITS.find(([upTo]) => upTo >= height)?.[1] ?? 2_500_000;
  return { active: want > 0, scaleResolutionDownBy: scaled, maxBitrate: bits, maxFramerate };
}

/** The next strain of one who sees for how long (seconds) the machine could not keep up. */
export function strainAfter(strain: Strain, strainedForS: number, calmForS: number): Strain {
  if (strainedForS >= 4 && strain < 2) return (strain + 1) as Strain;
  if (calmForS >= 30 && strain > 0) return (strain - 1) as Strain;
  return strain;
}
