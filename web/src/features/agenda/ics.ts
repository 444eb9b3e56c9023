/** Calendar files, told to the hub. */
import { api } from '../../api/client';
import { ApiError } from '../../wire/error';
import type { Brought, CalendarFile, Problem } from '../../wire/generated';

/** The hub writes one after the other. */
const TIMEOUT_MS = 120_000;

/** @throws ApiError */
export async function bringFile(thread: string, file: Blob): Promise<Brought> {
  let response: Response;
  try {
    response = await fetch(`/api/threads/${thread}/calendar`, { method: 'POST', credentials: 'same-origin', headers: { 'content-type': 'text/calendar' }, body: file, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new ApiError('unreachable', 'The hub cannot be reached.');
  }
  if (response.ok) return (await response.json()) as Brought;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new ApiError(problem.code ?? 'unknown', problem.detail ?? response.statusText, response.status);
}

const addressOf = (attachment: string, number: number): string => `/api/attachments/${attachment}/versions/${number}/calendar`;

/** What a file of a thread has. */
export function lookAt(attachment: string, number: number): Promise<CalendarFile> {
  return api.get<CalendarFile>(addressOf(attachment, number));
}

export function bringVersion(attachment: string, number: number, seq: number): Promise<Brought> {
  return api.post<Brought>(addressOf(attachment, number), { seq }, { timeoutMs: TIMEOUT_MS });
}

/** What came of it, in a sentence. */
export function broughtWords({ added, renewed, same, refused }: Brought): string {
  const parts = [
    added.length > 0 ? `${added.length} added` : '',
    renewed.length > 0 ? `${renewed.length} changed` : '',
    same > 0 ? `${same} known already` : '',
    refused.length > 0 ? `${refused.length} could not be kept` : '',
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : 'There was nothing in it';
}
