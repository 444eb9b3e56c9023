/**
 * The live socket: connects, keeps alive, connects again; matches answers to commands.
 *
 * Knows the form of frames, not their meaning, and holds no state of rooms or documents: after each
 * `welcome` those who need the hub say again what they need. No DOM beyond WebSocket and timers.
 */
import { wellFormed } from '../lib/text';
import { ApiError } from './error';
import type { AnyCommand, AnyFrame, Results, Welcome } from './generated';

export const SUBPROTOCOL = 'hub.live.v1';
const PING_MS = 20_000;
const SILENCE_MS = 10_000;
/** How long a connection may take to say `welcome`. */
const WELCOME_MS = 10_000;
const COMMAND_MS = 20_000;
const BACKOFF_MS = 400;
const MAX_BACKOFF_MS = 30_000;
/** In a call: whoever is away from the hub for long is taken for lost. */
const MAX_URGENT_MS = 5_000;
/** Of so many failures in a row, one asks by HTTP why. */
const PROBE_EVERY = 4;
/** Lost for longer than this is called offline. */
const OFFLINE_MS = 8_000;

const OPEN = 1;

export type LiveStatus = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'busy' | 'signed_out' | 'stopped';

export interface LiveState {
  readonly status: LiveStatus;
  readonly retryAt: number | null;
  readonly detail: string | null;
}

/** A command without its id, which the socket gives. */
export type CommandBody = DistributiveOmit<AnyCommand, 'id'>;
type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

export interface LiveHandlers {
  state?(state: LiveState): void;
  /** A fresh connection; nothing of an earlier one holds any more. */
  welcome?(welcome: Welcome): void;
  /** The connection is gone. */
  lost?(): void;
  frame?(frame: AnyFrame): void;
  binary?(frame: Uint8Array): void;
}

export interface LiveOptions {
  url: string;
  handlers: LiveHandlers;
  /** Asked after a failure before `welcome`: whether the sign-in still holds. */
  probe?: () => Promise<'signed_in' | 'signed_out' | 'unreachable'>;
  connect?: (url: string, protocol: string) => WebSocket;
  /** Whether it cannot wait long before it connects again. */
  isUrgent?: () => boolean;
  now?: () => number;
  random?: () => number;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: ApiError): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Live {
  state: LiveState = { status: 'connecting', retryAt: null, detail: null };
  welcome: Welcome | null = null;

  readonly #options: LiveOptions;
  #socket: WebSocket | null = null;
  #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #attempts = 0;
  #lostAt: number | null = null;
  #online = true;
  #stopped = false;
  #closing: { code: string; detail: string } | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #offline: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get isLive(): boolean {
    // The socket may be closing though it has not said so yet.
    return this.state.status === 'live' && this.#socket?.readyState === OPEN;
  }

  /** Bytes that wait in the browser to be sent. */
  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (!this.#socket && !this.#stopped) this.#connect();
  }

  /** End for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#offline);
    this.#drop(1000);
  }

  /** The network or the person came back: look at once whether the connection holds. */
  nudge(): void {
    if (this.#stopped || this.#ended()) return;
    if (this.isLive) this.#sendPing(SILENCE_MS / 2);
    else if (!this.#socket) {
      this.#attempts = 0;
      this.#connect();
    }
  }

  /** What the browser says of the network. A "no" ends waiting for a dead connection. */
  setOnline(online: boolean): void {
    if (this.#online === online) return;
    this.#online = online;
    if (online) this.nudge();
    else if (this.isLive) this.#sendPing(SILENCE_MS / 2);
    else this.#setState({ status: 'offline' });
  }

  /**
   * Send a command and wait for its answer.
   *
   * @throws ApiError `offline` when not connected or the connection is lost before the answer (the
   *   command may have been carried out: repeat it with the same send_id), `timeout`, or the hub's.
   */
  command<C extends CommandBody>(command: C, timeoutMs = COMMAND_MS): Promise<Results[C['cmd']]> {
    return new Promise((resolve, reject) => {
      if (!this.isLive) {
        reject(offline());
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ApiError('timeout', 'The hub did not answer in time.'));
      }, timeoutMs);
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, timer });
      this.#socket?.send(JSON.stringify({ ...command, id }, wellFormed));
    });
  }

  /** Send a binary frame; false when not connected. */
  sendBinary(frame: Uint8Array<ArrayBuffer>): boolean {
    if (!this.isLive) return false;
    this.#socket?.send(frame);
    return true;
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#closing = null;
    if (this.state.retryAt !== null) this.#setState({ retryAt: null });
    const open = this.#options.connect ?? ((url, protocol) => new WebSocket(url, protocol));
    let socket: WebSocket;
    try {
      socket = open(this.#options.url, SUBPROTOCOL);
    } catch {
      this.#lost(1006);
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    this.#silence = setTimeout(() => this.#fail(socket), WELCOME_MS);
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.#socket === socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code);
    };
  }

  #receive(data: string | ArrayBuffer): void {
    clearTimeout(this.#silence);
    if (typeof data !== 'string') {
      this.#options.handlers.binary?.(new Uint8Array(data));
      return;
    }
    const frame = JSON.parse(data) as AnyFrame;
    switch (frame.t) {
      case 'welcome':
        this.#welcomed(frame);
        break;
      case 'ok':
        this.#take(frame.re)?.resolve(frame.result);
        break;
      case 'error':
        this.#take(frame.re)?.reject(new ApiError(frame.code, frame.detail, 0, frame.retry_after_s ?? null));
        break;
      case 'closing':
        this.#closing = frame;
        break;
      default:
        this.#options.handlers.frame?.(frame);
    }
  }

  #welcomed(welcome: Welcome): void {
    this.welcome = welcome;
    this.#attempts = 0;
    this.#lostAt = null;
    clearTimeout(this.#offline);
    this.#schedulePing();
    this.#setState({ status: 'live', retryAt: null, detail: null });
    this.#options.handlers.welcome?.(welcome);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(id);
    }
    return waiting;
  }

  #schedulePing(): void {
    clearTimeout(this.#ping);
    this.#ping = setTimeout(() => this.#sendPing(SILENCE_MS), PING_MS);
  }

  /** Any frame within `deadlineMs` proves the connection; its absence ends it. */
  #sendPing(deadlineMs: number): void {
    const socket = this.#socket;
    if (!socket) return;
    this.command({ cmd: 'ping' }).catch(() => undefined);
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#fail(socket), deadlineMs);
    this.#schedulePing();
  }

  /** The connection is dead although nobody said so. A close could take minutes: do not wait. */
  #fail(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#drop(4000);
    this.#lost(1006);
  }

  #drop(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#quiet();
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    try {
      socket.close(code);
    } catch {
      // Not open yet in some browsers: it goes with the page.
    }
    this.#rejectAll();
  }

  #quiet(): void {
    clearTimeout(this.#ping);
    clearTimeout(this.#silence);
  }

  #rejectAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) {
      clearTimeout(one.timer);
      one.reject(offline());
    }
  }

  #lost(code: number): void {
    const was = this.welcome;
    this.#socket = null;
    this.welcome = null;
    this.#quiet();
    this.#lostAt ??= this.#now();
    const detail = this.#closing?.detail ?? null;
    if (code >= 4400 && code < 4500) this.#setState({ status: code === 4401 ? 'signed_out' : 'stopped', retryAt: null, detail });
    else this.#scheduleRetry(code, was !== null, detail);
    if (was) this.#options.handlers.lost?.();
    this.#rejectAll();
    // A refused upgrade looks like a dead network to a browser: ask by HTTP which it is.
    if (!was && !this.#ended() && this.#attempts % PROBE_EVERY === 1 && this.#options.probe) void this.#askWhy(this.#options.probe);
    else if (code === 4501 && this.#options.probe) void this.#askWhy(this.#options.probe);
  }

  async #askWhy(probe: NonNullable<LiveOptions['probe']>): Promise<void> {
    const answer = await probe().catch(() => 'unreachable' as const);
    if (answer !== 'signed_out' || this.isLive || this.#stopped) return;
    clearTimeout(this.#retry);
    this.#drop(1000);
    this.#setState({ status: 'signed_out', retryAt: null });
  }

  #scheduleRetry(code: number, wasLive: boolean, detail: string | null): void {
    if (this.#stopped) return;
    const busy = code === 1013 || code === 4529;
    const longest = this.#options.isUrgent?.() ? MAX_URGENT_MS : MAX_BACKOFF_MS;
    const most = Math.min(longest, BACKOFF_MS * 2 ** this.#attempts++);
    // Between half and all of it, so that a restarted hub is not met by everybody at once.
    const least = busy ? 2_000 : 0;
    const waitMs = Math.min(longest, least + most * (0.5 + 0.5 * (this.#options.random ?? Math.random)()));
    const lostForMs = this.#now() - (this.#lostAt ?? this.#now());
    const first = this.state.status === 'connecting' && !wasLive && lostForMs < OFFLINE_MS;
    const status = busy
      ? 'busy'
      : !this.#online || lostForMs >= OFFLINE_MS
        ? 'offline'
        : first
          ? 'connecting'
          : 'reconnecting';
    this.#setState({ status, retryAt: this.#now() + waitMs, detail });
    this.#retry = setTimeout(() => this.#connect(), waitMs);
    clearTimeout(this.#offline);
    this.#offline = setTimeout(() => {
      const { status: now } = this.state;
      if (now === 'reconnecting' || now === 'connecting') this.#setState({ status: 'offline' });
    }, OFFLINE_MS - Math.min(lostForMs, OFFLINE_MS));
  }

  #ended(): boolean {
    return this.state.status === 'signed_out' || this.state.status === 'stopped';
  }

  #setState(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    this.#options.handlers.state?.(this.state);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function offline(): ApiError {
  return new ApiError('offline', 'There is no connection to the hub.');
}
