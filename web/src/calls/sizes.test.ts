import { expect, test } from 'vitest';
import { cameraEncoding, captureFor, heightFor, screenEncoding, type Strain, strainAfter } from './sizes';

test.each([
  [0, 1, 0],
  [-4, 1, 0],
  [96, 1, 90],
  [90, 1, 90],
  [96, 2, 180],
  [96, 3, 180],
  [400, 1, 360],
  [420, 1, 540],
  [5000, 2, 1080],
])('a picture shown %i px high at ratio %i asks for %i', (css, ratio, wanted) => {
  expect(heightFor(css, ratio)).toBe(wanted);
});

test('nothing is sent to whoever does not look', () => {
  expect(cameraEncoding(0, 720, 1, 0).active).toBe(false);
  expect(screenEncoding(0, 1080, 0).active).toBe(false);
});

test('no more is sent than is shown, than there is, than the machine bears', () => {
  expect(cameraEncoding(180, 720, 1, 0).scaleResolutionDownBy).toBe(4);
  expect(cameraEncoding(1080, 480, 1, 0).scaleResolutionDownBy).toBe(1);
  expect(cameraEncoding(720, 720, 3, 0).scaleResolutionDownBy).toBe(2);
  expect(cameraEncoding(720, 720, 1, 2)).toEqual({ active: true, scaleResolutionDownBy: 4, maxBitrate: 160_000, maxFramerate: 15 });
});

test('of the camera is taken what the largest picture of it needs', () => {
  expect(captureFor([0], 0)).toEqual({ height: 180, framerate: 15 });
  expect(captureFor([90, 180, 90], 0)).toEqual({ height: 180, framerate: 15 });
  expect(captureFor([90, 270], 0)).toEqual({ height: 360, framerate: 24 });
  expect(captureFor([720], 0)).toEqual({ height: 720, framerate: 30 });
  expect(captureFor([720, 90, 90], 0)).toEqual({ height: 360, framerate: 24 });
  expect(captureFor([720], 2)).toEqual({ height: 180, framerate: 15 });
});

test('letters of a screen stay sharp, unless it is shown as a stamp', () => {
  expect(screenEncoding(540, 1080, 0)).toMatchObject({ scaleResolutionDownBy: 1, maxFramerate: 15 });
  expect(screenEncoding(90, 1080, 0).scaleResolutionDownBy).toBe(12);
});

test('less is sent while the machine cannot keep up, more again only after long calm', () => {
  const turn = (strain: Strain, strainedS: number, calmS: number): Strain => strainAfter(strain, strainedS, calmS);
  expect(turn(0, 3.5, 0)).toBe(0);
  expect(turn(0, 4, 0)).toBe(1);
  expect(turn(1, 4, 0)).toBe(2);
  expect(turn(2, 60, 0)).toBe(2);
  expect(turn(2, 0, 29)).toBe(2);
  expect(turn(2, 0, 30)).toBe(1);
});
