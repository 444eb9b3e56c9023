/** What a failure of a request means for an upload. Pure, but for the shape of tus-js-client's errors. */
import type { DetailedError } from 'tus-js-client';

import type { Problem } from '../wire/generated';
import { changedError, type ItemError } from './item';

export type Verdict =
  /** Later, again. */
  | { readonly kind: 'again'; readonly error: ItemError; readonly afterS: number | null }
  /** Not before somebody signed in. */
  | { readonly kind: 'signed-out'; readonly error: ItemError }
  /** Not without a person. */
  | { readonly kind: 'failed'; readonly error: ItemError };

/** Nothing more comes of the upload: only a new one can send the file. */
export const ENDED: ReadonlySet<string> = new Set(['upload_ended', 'upload_not_found', 'upload_joined', 'file_changed', 'blob_missing']);
/** 5xx that do not pass by themselves. */
const LASTING: ReadonlySet<string> = new Set(['no_space', 'blob_missing']);
/** 4xx that pass: timeouts, somebody else at it, too many, a checksum that broke on the way. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 423, 425, 429, 460]);
/** What a browser says when bytes of a file cannot be read. */
export const UNREADABLE: ReadonlySet<string> = new Set(['NotReadableError', 'NotFoundError']);

/** Of an answer to HEAD, which has no body to say it. */
const WORDS: Readonly<Record<number, ItemError>> = {
  401: { code: 'session_ended', detail: 'The sign-in has ended. Sending goes on after you signed in again.' },
  403: { code: 'forbidden', detail: 'You may not send files here.' },
  404: { code: 'upload_not_found', detail: 'The hub no longer has what was sent of this file.' },
  410: { code: 'upload_ended', detail: 'The hub gave this upload up. It can be sent again from the beginning.' },
  413: { code: 'file_too_large', detail: 'The file is too large for this hub.' },
  423: { code: 'upload_busy', detail: 'The upload is being written by another connection.' },
  507: { code: 'no_space', detail: 'The hub has no space for this file.' },
};

/** @param name of the file. */
export function judge(thrown: unknown, name: string): Verdict {
  const error = thrown as Partial<DetailedError> & { readonly name?: string };
  if (UNREADABLE.has(error.causingError?.name ?? '') || UNREADABLE.has(error.name ?? '')) {
    return { kind: 'failed', error: changedError(name) };
  }
  const response = error.originalResponse;
  const status = response?.getStatus() ?? 0;
  if (!response || status < 400) {
    return { kind: 'again', error: { code: 'unreachable', detail: 'The hub cannot be reached.' }, afterS: null };
  }
  const said = problem(response.getBody());
  const detail = said.detail ?? said.title ?? WORDS[status]?.detail ?? `The hub answered ${status}.`;
  const told = { code: said.code ?? WORDS[status]?.code ?? 'unknown', detail };
  if (status === 401) return { kind: 'signed-out', error: WORDS[401] ?? told };
  if (PASSING.has(status) || (status >= 500 && status !== 507 && !LASTING.has(told.code))) {
    const header = Number(response.getHeader('Retry-After') ?? '');
    return { kind: 'again', error: told, afterS: said.retry_after_s ?? (header > 0 ? header : null) };
  }
  return { kind: 'failed', error: told };
}

function problem(body: string): Partial<Problem> {
  try {
    return (JSON.parse(body) ?? {}) as Partial<Problem>;
  } catch {
    return {};
  }
}
