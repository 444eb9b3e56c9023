/** A hub of one document for tests: real Yjs, durable when the test says so. */
import * as Y from 'yjs';

import { LocalStore } from '../lib/local-store';
import { withLock } from '../lib/tabs';
import { ApiError } from '../wire/error';
import { AWARENESS, STEP1, STEP2, UPDATE, decodeFrame, decodeSync, encodeSync } from '../wire/frames';
import type { DocumentInfo, OpenResult } from '../wire/generated';
import type { CommandBody } from '../wire/live';
import { AuthorIds } from './author-ids';
import { Session, type SessionEnvironment } from './document-session.svelte';

export const INFO: DocumentInfo = {
  document: 'd_1',
  number: 7,
  thread: 'r_1',
  kind: 'text',
  title: 'Notes',
  schema_version: 1,
  lineage: 'y_1',
  language: null,
  created_by: 'u_me',
  created_at: 0,
  line_ends: 'lf',
  file: null,
};

const AGAIN = new Set(['missing_updates', 'writer_busy']);

interface Peer {
  readonly client: FakeClient;
  readonly mode: 'edit' | 'read';
  count: number;
}

export class FakeHub {
  info = INFO;
  doc = new Y.Doc();
  /** Acknowledge at once; otherwise `commit` does. */
  durable = true;
  mode: 'edit' | 'read' = 'edit';
  /** Refuse the next update frames with this code. */
  refusal: string | null = null;
  stateBytes: number | null = null;
  leases = 0;
  readonly updates: Uint8Array[] = [];
  readonly peers = new Map<FakeClient, Peer>();
  #nextId = 2 ** 32 + 1;

  open(client: FakeClient, lineage: string | null): OpenResult {
    this.peers.set(client, { client, mode: this.mode, count: 0 });
    queueMicrotask(() => client.hear(encodeSync(INFO.number, STEP1, Y.encodeStateVector(this.doc))));
    return {
      number: INFO.number,
      lineage: this.info.lineage,
      kind: this.info.kind,
      schema_version: this.info.schema_version,
      mode: this.mode,
      reset: lineage !== null && lineage !== this.info.lineage,
      state_bytes: this.stateBytes ?? Y.encodeStateAsUpdate(this.doc).length,
      owners: {},
    };
  }

  lease(count: number): number[] {
    this.leases++;
    return Array.from({ length: count }, () => this.#nextId++);
  }

  receive(client: FakeClient, frame: Uint8Array): void {
    const peer = this.peers.get(client);
    if (!peer) return;
    const { kind, message } = decodeFrame(frame);
    if (kind === AWARENESS) return;
    const { subtype, payload } = decodeSync(message);
    if (subtype === STEP1) {
      client.hear(encodeSync(INFO.number, STEP2, Y.encodeStateAsUpdate(this.doc, payload)));
      if (this.durable) this.commit(client);
      return;
    }
    peer.count++;
    const adds = Y.encodeStateAsUpdate(this.#with(payload), Y.encodeStateVector(this.doc)).length > 2;
    const code = adds ? (this.refusal ?? (peer.mode === 'read' ? 'read_only' : null)) : null;
    if (code !== null) {
      client.session.refused({ t: 'refused', document: INFO.document, number: INFO.number, count: peer.count, code, detail: code, again: AGAIN.has(code) });
    } else {
      this.updates.push(payload);
      Y.applyUpdate(this.doc, payload);
      for (const other of this.peers.values()) {
        if (other !== peer) other.client.hear(encodeSync(INFO.number, UPDATE, payload));
      }
    }
    if (this.durable) this.commit(client);
  }

  commit(client: FakeClient): void {
    const peer = this.peers.get(client);
    if (!peer) return;
    const { count } = peer;
    // In its turn behind what the hub has sent before.
    setTimeout(() => {
      if (client.live && this.peers.get(client) === peer) {
        client.session.durable({ t: 'durable', document: INFO.document, number: INFO.number, count, all: true });
      }
    }, 0);
  }

  #with(update: Uint8Array): Y.Doc {
    const trial = new Y.Doc();
    Y.applyUpdate(trial, Y.encodeStateAsUpdate(this.doc));
    Y.applyUpdate(trial, update);
    return trial;
  }
}

/** One tab: a session and its connection. */
export class FakeClient implements SessionEnvironment {
  readonly session: Session;
  readonly ids: AuthorIds;
  live: boolean;
  ends = 0;

  constructor(
    readonly hub: FakeHub,
    readonly store: LocalStore = new LocalStore('u_me'),
    readonly uid = 'u_me',
    live = true,
    info = hub.info,
  ) {
    this.live = live;
    this.ids = new AuthorIds(
      store,
      async (_, count) => {
        if (!this.live) throw new ApiError('offline', '');
        return this.hub.lease(count);
      },
      withLock,
    );
    this.session = new Session(info, this);
    this.session.users = 1;
  }

  isLive(): boolean {
    return this.live;
  }

  async command<C extends CommandBody>(command: C): Promise<never> {
    if (!this.live) throw new ApiError('offline', '');
    if (command.cmd === 'open_document') return this.hub.open(this, command.lineage ?? null) as never;
    if (command.cmd === 'close_document') this.hub.peers.delete(this);
    return null as never;
  }

  sendBinary(frame: Uint8Array): boolean {
    if (!this.live) return false;
    // What the hub does with it comes later, as over a wire.
    setTimeout(() => this.hub.receive(this, frame), 0);
    return true;
  }

  hear(frame: Uint8Array): void {
    setTimeout(() => {
      if (this.live && this.hub.peers.has(this)) this.session.receive(frame);
    }, 0);
  }

  ended(): void {
    this.ends++;
  }

  async fetchState(): Promise<Uint8Array> {
    return Y.encodeStateAsUpdate(this.hub.doc);
  }

  goOffline(): void {
    this.live = false;
    this.hub.peers.delete(this);
    this.session.lost();
  }

  goOnline(): void {
    this.live = true;
    this.session.connected();
  }

  get text(): string {
    return this.session.doc.getText('content').toString();
  }

  type(text: string): void {
    const shared = this.session.doc.getText('content');
    shared.insert(shared.length, text);
  }
}
