/** How a version is shown. Pure. */
import { addressOf } from '../../state/attachments';
import type { Version } from '../../wire/generated';

export type Showing =
  | { as: 'waiting'; words: string }
  | { as: 'nothing'; words: string }
  | { as: 'image' | 'audio' | 'video'; src: string }
  | { as: 'pages'; count: number; ratio: number; page: (number: number) => string }
  | { as: 'text' | 'markdown'; src: string };

const REASONS: Record<string, string> = {
  too_large: 'It is too large for a preview.',
  timeout: 'Making a preview took too long.',
  damaged: 'It could not be read: it may be damaged.',
  unsupported: 'There is no preview for this kind of file.',
  sandbox: 'The hub could not make a preview.',
};
const NONE = 'There is no preview for this kind of file.';

/** Where a part of the preview is. */
export function partOf(attachment: string, number: number, part: string): string {
  return `${addressOf(attachment, number)}/preview/${part}`;
}

/** A small picture of a version, if there is one. */
export function thumbOf(attachment: string, version: Version | undefined): string | null {
  if (!version || version.number == null || version.verdict === 'blocked') return null;
  return version.preview?.parts.includes('thumb') ? partOf(attachment, version.number, 'thumb') : null;
}

export interface Picture {
  readonly src: string;
  readonly width: number;
  readonly height: number;
}

const MOST_WIDE = 320;
const MOST_HIGH = 240;
/** A strip is no picture of its file any more: it is shown as a file. */
const LEAST = 24;

/** A picture as a message shows it, in a size that is known before it is here. */
export function pictureOf(attachment: string, version: Version | undefined): Picture | null {
  const src = thumbOf(attachment, version);
  const { kind, width, height } = version?.preview ?? {};
  if (src === null || kind !== 'image' || !width || !height) return null;
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  return Math.min(size.width, size.height) < LEAST ? null : { src, ...size };
}

export function showing(attachment: string, version: Version): Showing {
  const { preview, number } = version;
  if (version.state === 'arriving') return { as: 'waiting', words: 'It is still arriving.' };
  if (number == null) return { as: 'nothing', words: 'There are no bytes of this version.' };
  if (!preview) return { as: 'waiting', words: 'The preview is being made.' };
  const original = addressOf(attachment, number);
  const part = (name: string): string => partOf(attachment, number, name);
  const has = (name: string): boolean => preview.parts.includes(name);
  if (preview.kind === 'audio' || preview.kind === 'video') return { as: preview.kind, src: original };
  if (preview.kind === 'image' && !preview.reason) return { as: 'image', src: has('view') ? part('view') : original };
  if (preview.pages && (preview.kind === 'pdf' || has('pdf'))) {
    const ratio = preview.width && preview.height ? preview.height / preview.width : Math.SQRT2;
    return { as: 'pages', count: preview.pages, ratio, page: (page) => part(`page-${page}`) };
  }
  if (has('text')) return { as: preview.kind === 'markdown' ? 'markdown' : 'text', src: part('text') };
  return { as: 'nothing', words: preview.reason ? (REASONS[preview.reason] ?? NONE) : NONE };
}

/** Whether two versions are compared line by line. */
export function asLines(one: Showing, other: Showing): boolean {
  const lines = (showing: Showing): boolean => showing.as === 'text' || showing.as === 'markdown';
  return lines(one) && lines(other);
}
