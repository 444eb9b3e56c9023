/**
 * A failure the hub named, or the road to it had: the one error type of HTTP and of the live socket.
 * `code` is stable (docs/protocol.md), `detail` is a sentence for a person.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  /**
   * @param status HTTP status; 0 when it came over the live socket or never reached the hub.
   * @param retryAfter seconds to wait before trying again, where that makes sense.
   */
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status = 0,
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  /** Whether the same request may succeed later without a change. */
  get temporary(): boolean {
    return (
      this.retryAfter !== null ||
      ON_THE_WAY.has(this.code) ||
      this.status === 429 ||
      this.status === 502 ||
      this.status === 503 ||
      this.status === 504
    );
  }
}

/** The hub says when to try again; these never reached it. */
const ON_THE_WAY = new Set(['offline', 'timeout', 'unreachable']);

/** Any thrown thing as an ApiError. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('client', error instanceof Error ? error.message : String(error));
}
