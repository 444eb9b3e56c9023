import { expect, test } from 'vitest';

import { withoutPlace } from './exif';

// 8 x 4 pixels by Pillow: turned (6), with a camera and a place in their Exif.
const PICTURES = {
  'image/jpeg': '/9j/4AAQSkZJRgABAQAAAQABAAD/4QCuRXhpZgAATU0AKgAAAAgAAwEPAAIAAAAOAAAAMgESAAMAAAABAAYAAIglAAQAAAABAAAAQAAAAABDYW1lcmEgb2YgQWRhAAAEAAEAAgAAAAJOAAAAAAIABQAAAAMAAAB2AAMAAgAAAAJFAAAAAAQABQAAAAMAAACOAAAAAAAAADIAAAABAAAABQAAAAEAAAAAAAAAAQAAAA4AAAABAAAAGQAAAAEAAAAAAAAAAf/bAEMACAYGBwYFCAcHBwkJCAoMFA0MCwsMGRITDxQdGh8eHRocHCAkLicgIiwjHBwoNyksMDE0NDQfJzk9ODI8LjM0Mv/bAEMBCQkJDAsMGA0NGDIhHCEyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMv/AABEIAAQACAMBIgACEQEDEQH/xAAfAAABBQEBAQEBAQAAAAAAAAAAAQIDBAUGBwgJCgv/xAC1EAACAQMDAgQDBQUEBAAAAX0BAgMABBEFEiExQQYTUWEHInEUMoGRoQgjQrHBFVLR8CQzYnKCCQoWFxgZGiUmJygpKjQ1Njc4OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4eLj5OXm5+jp6vHy8/T19vf4+fr/xAAfAQADAQEBAQEBAQEBAAAAAAAAAQIDBAUGBwgJCgv/xAC1EQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/2gAMAwEAAhEDEQA/AOZooor1D4Y//9k=',
  'image/png': 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAECAIAAAA8r+mnAAAApmVYSWZNTQAqAAAACAADAQ8AAgAAAA4AAAAyARIAAwAAAAEABgAAiCUABAAAAAEAAABAAAAAAENhbWVyYSBvZiBBZGEAAAQAAQACAAAAAk4AAAAAAgAFAAAAAwAAAHYAAwACAAAAAkUAAAAABAAFAAAAAwAAAI4AAAAAAAAAMgAAAAEAAAAFAAAAAQAAAAAAAAABAAAADgAAAAEAAAAZAAAAAQAAAAAAAAABP1rPpgAAABRJREFUeJxjZGhoYMAGmLCKkiUBAGN0AQhkdpVqAAAAAElFTkSuQmCC',
  'image/webp': 'UklGRvgAAABXRUJQVlA4WAoAAAAIAAAABwAAAwAAVlA4ICwAAACQAQCdASoIAAQAAUAmJaACdLoAA5gA/vBTH+j64RZGX/7Gb/56P/z0f6hgAEVYSUamAAAATU0AKgAAAAgAAwEPAAIAAAAOAAAAMgESAAMAAAABAAYAAIglAAQAAAABAAAAQAAAAABDYW1lcmEgb2YgQWRhAAAEAAEAAgAAAAJOAAAAAAIABQAAAAMAAAB2AAMAAgAAAAJFAAAAAAQABQAAAAMAAACOAAAAAAAAADIAAAABAAAABQAAAAEAAAAAAAAAAQAAAA4AAAABAAAAGQAAAAEAAAAAAAAAAQ==',
} as const;
const PLAIN = '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wAARCAAEAAgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDmaKKK9Q+GP//Z';

const fileOf = (base64: string, type: string): File => new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], 'a', { type });
const bytesOf = async (file: File): Promise<string> => String.fromCharCode(...new Uint8Array(await file.arrayBuffer()));

test.each(Object.entries(PICTURES))('the place is gone from %s, the rest stays', async (type, base64) => {
  const file = fileOf(base64, type);
  expect(await bytesOf(file)).toContain('Camera of Ada');
  const stripped = await withoutPlace(file);
  const bytes = await bytesOf(stripped);
  expect(bytes).not.toContain('Camera of Ada');
  expect(bytes.length).toBeLessThan(file.size);
  expect([stripped.name, stripped.type]).toEqual(['a', type]);
  // Once more changes nothing: what is left is what is needed.
  expect(await bytesOf(await withoutPlace(stripped))).toBe(bytes);
});

test('a JPEG is still turned', async () => {
  const bytes = await bytesOf(await withoutPlace(fileOf(PICTURES['image/jpeg'], 'image/jpeg')));
  expect(bytes).toContain('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06');
});

test.each([
  ['nothing to take', PLAIN, 'image/jpeg'],
  ['not what it says', btoa('hello, no picture'), 'image/jpeg'],
  ['cut off', PICTURES['image/jpeg'].slice(0, 40), 'image/jpeg'],
  ['empty', '', 'image/png'],
  ['another kind', btoa('GIF89a'), 'image/gif'],
])('%s: the file itself', async (_, base64, type) => {
  const file = fileOf(base64, type);
  expect(await bytesOf(await withoutPlace(file))).toBe(await bytesOf(file));
});

const binary = (base64: string): string => atob(base64);
/** A segment with its length. */
const segment = (marker: number, body: string): string => `\xff${String.fromCharCode(marker, (body.length + 2) >> 8, (body.length + 2) & 255)}${body}`;
const stripped = async (bytes: string): Promise<string> => bytesOf(await withoutPlace(fileOf(btoa(bytes), 'image/jpeg')));

test('what phones put behind a picture is gone', async () => {
  const [plain, taken] = [binary(PLAIN), binary(PICTURES['image/jpeg'])];
  const film = '\0\0\0\x18ftypmp42 a film of Ada';
  expect(await stripped(plain + film)).toBe(plain);
  const mpf = segment(0xe2, 'MPF\0II*\0where the other pictures are');
  const several = plain.slice(0, 2) + mpf + plain.slice(2) + taken;
  expect(await stripped(several)).toBe(plain);
  // A profile of colours is in a segment of the same kind.
  const coloured = plain.slice(0, 2) + segment(0xe2, 'ICC_PROFILE\0\x01\x01colours') + plain.slice(2);
  expect(await stripped(coloured)).toBe(coloured);
  expect(await stripped(taken + film)).toBe(await stripped(taken));
});

test('the end of a picture is where its last scan ends', async () => {
  const start = '\xff\xd8' + segment(0xdb, 'a table');
  // Stuffed bytes, restarts and a fill byte within a scan; several scans, with a table and a comment between them.
  const first = segment(0xda, 'head') + 'bits\xff\x00\xd9\xff\xd0more\xff\xd7\xff\x00\xff';
  const second = segment(0xc4, 'a table with \xff\xd9 in it') + segment(0xda, 'head \xff\xd9') + 'last\xff\x00';
  const picture = `${start}${first}${second}\xff\xd9`;
  expect(await stripped(picture)).toBe(picture);
  expect(await stripped(`${picture}behind it`)).toBe(picture);
  expect(await stripped(`${start}${first}${segment(0xfe, 'a comment')}${second}\xff\xd9`)).toBe(picture);
  // One without an end is left as it is.
  expect(await stripped(start + first + second)).toBe(start + first + second);
});
