/** A WebSocket whose other end is a test. */
import type { AnyFrame } from './generated';

export interface SentCommand {
  cmd: string;
  id: number;
  [field: string]: unknown;
}

export class FakeSocket {
  static readonly made: FakeSocket[] = [];
  readyState = 1;
  bufferedAmount = 0;
  binaryType = '';
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly commands: SentCommand[] = [];
  readonly binary: Uint8Array[] = [];
  closedWith: number | null = null;
  /** Called for every command; its result is answered, `undefined` leaves it open. */
  answer: (command: SentCommand) => unknown = () => undefined;
  hear: (frame: Uint8Array) => void = () => undefined;

  constructor(
    readonly url = '',
    readonly protocol = '',
  ) {
    FakeSocket.made.push(this);
  }

  /** For `Live`, which wants the browser's type. */
  static connect(url: string, protocol: string): WebSocket {
    return new FakeSocket(url, protocol) as unknown as WebSocket;
  }

  static get last(): FakeSocket {
    return FakeSocket.made.at(-1) as FakeSocket;
  }

  send(data: string | Uint8Array): void {
    if (typeof data !== 'string') {
      this.binary.push(data);
      this.hear(data);
      return;
    }
    const command = JSON.parse(data) as SentCommand;
    this.commands.push(command);
    const result = this.answer(command);
    if (result !== undefined) this.ok(command, result);
  }

  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code ?? 1000;
  }

  welcome(uid = 'u_me', people = 1): void {
    this.say({ t: 'welcome', session: 'c_1', uid, server_time: 0, expires_at: null, scopes: null, people, scanning: 'off' });
  }

  ok(command: SentCommand, result: unknown = null): void {
    this.say({ t: 'ok', re: command.id, result });
  }

  error(command: SentCommand, code: string): void {
    this.say({ t: 'error', re: command.id, code, detail: code });
  }

  say(frame: AnyFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as MessageEvent);
  }

  sayBinary(frame: Uint8Array): void {
    this.onmessage?.({ data: frame.slice().buffer } as MessageEvent);
  }

  /** The other side or the network ends it. */
  drop(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code } as CloseEvent);
  }
}
