/**
 * The HTTP interface. Cookies carry the sign-in; every failure is an ApiError.
 *
 * Never retries: callers know whether a second try is safe.
 */
import type { Problem } from '../wire/generated';
import { wellFormed } from '../lib/text';
import { ApiError } from '../wire/error';

export { ApiError, asApiError } from '../wire/error';

const TIMEOUT_MS = 20_000;

export interface RequestOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
}

/**
 * One request; `T` is what hub.wire.api promises for the route.
 *
 * @throws ApiError with the hub's code, or `unreachable` and `timeout`.
 */
async function request<T>(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
  const response = await send(method, path, body, options);
  if (response.status === 204 || response.headers.get('content-length') === '0') return undefined as T;
  if (!response.headers.get('content-type')?.includes('json')) return undefined as T;
  return (await response.json()) as T;
}

async function send(method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<Response> {
  const deadline = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body, wellFormed) }),
      signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    if (deadline.aborted) throw new ApiError('timeout', 'The hub did not answer in time.');
    throw new ApiError('unreachable', 'The hub cannot be reached.');
  }
  if (!response.ok) throw await problem(response);
  return response;
}

async function problem(response: Response): Promise<ApiError> {
  const header = Number(response.headers.get('retry-after'));
  const waited = Number.isFinite(header) && header > 0 ? header : null;
  try {
    const body = (await response.json()) as Partial<Problem>;
    return new ApiError(
      body.code ?? 'unknown',
      body.detail ?? body.title ?? response.statusText,
      response.status,
      body.retry_after_s ?? waited,
    );
  } catch {
    return new ApiError('unknown', response.statusText || `HTTP ${response.status}`, response.status, waited);
  }
}

export const api = {
  get: <T>(path: string, options?: RequestOptions) => request<T>('GET', path, undefined, options),
  post: <T = void>(path: string, body: unknown = {}, options?: RequestOptions) => request<T>('POST', path, body, options),
  put: (path: string) => request<void>('PUT', path),
  patch: <T = void>(path: string, body: unknown, options?: RequestOptions) => request<T>('PATCH', path, body, options),
  delete: <T = void>(path: string, options?: RequestOptions) => request<T>('DELETE', path, undefined, options),
  /** The body as bytes, for document states. */
  bytes: async (path: string, options?: RequestOptions): Promise<Uint8Array> =>
    new Uint8Array(await (await send('GET', path, undefined, { timeoutMs: 60_000, ...options })).arrayBuffer()),
  /** The body as text, for exports. */
  text: async (path: string, options?: RequestOptions): Promise<string> => (await send('GET', path, undefined, options)).text(),
};
