/**
 * The state of one signed-in tab: builds the stores, gives every frame to the one it concerns.
 *
 * The only place of the client that knows all of them. It draws nothing.
 */
import { api } from '../api/client';
import { Lifetime } from '../lib/lifetime';
import { type Erases, dropOldCopies, LocalStore } from '../lib/local-store';
import { openChannel, withLock } from '../lib/tabs';
import type { UploadQueue } from '../transfer';
import { ApiError, asApiError } from '../wire/error';
import { FrameError, decodeFrame } from '../wire/frames';
import type { Accepted, AnyFrame, DocumentInfo, Me, MemberSetData, NewFileCommand, Person, Results, SignalFrame, TimelineEvent, Welcome } from '../wire/generated';
import { type CommandBody, Live } from '../wire/live';
import { NOT_READY, Outbox, type OutboxEntry, type OutboxNews } from '../wire/outbox';
import { Calls } from './calls.svelte';
import type { Session } from './document-session.svelte';
import { DraftIds } from './draft-ids';
import { Drafts } from './drafts.svelte';
import { Inbox } from './inbox.svelte';
import { Notifier } from './notify.svelte';
import { Notices } from './notices.svelte';
import { People } from './people.svelte';
import { Room } from './room.svelte';
import { makeSession } from './session-factory';
import type { Ticks } from './ticks.svelte';
import { makeTicks } from './ticks-factory';
import { keptWords, type KeptWords } from './kept-words';
import { unsentDocuments } from './unsent-documents';
import type { Connection, DocumentSession, HubState, RoomStore } from './types';

/** What is needed only without a connection is loaded when the page has settled. */
const LATER_MS = 2_000;
/** A room that was left stays followed so long: going back shows it at once. */
const LINGER_MS = 30_000;
/** A document that was left with unsent edits may use this long to send them. */
const SENDING_MS = 15_000;
/** A command with a send_id is repeated over a loss of the connection this long. */
const COMMIT_MS = 15_000;
/** A file that is in no queue after so long is not on its way. Tabs hear of one another's in less. */
const MISSING_MS = 60_000;

export interface HubOptions {
  /** The sign-in ended, from wherever. */
  onSignedOut?(): void;
  /** A notification was clicked. */
  onOpenThread?(thread: string): void;
  /** The hub does not take what the person did a while ago. */
  onRefused?(what: string, error: ApiError): void;
  connect?: (url: string, protocol: string) => WebSocket;
}

export class Hub implements HubState {
  me: Me = $state.raw() as Me;
  /** Whether malware scanners look at files; with `hold` nobody gets one before. */
  scanning: Welcome['scanning'] = $state.raw('off');
  connection: Connection = $state.raw({ status: 'connecting', retryAt: null, detail: null });
  /** Why the hub cannot save at present, by its code; null: it can. */
  cannotSave: string | null = $state.raw(null);
  readonly people = new People();
  readonly inbox: Inbox;
  readonly calls: Calls;
  readonly notifications: Notifier;
  readonly notices = new Notices((notice) => this.notifications.remind(notice.thread ?? null, notice.note));
  title = $state('Hub');
  keeps = $state(true);
  uploads: UploadQueue | null = $state.raw(null);
  #loadingUploads: Promise<UploadQueue> | null = null;
  readonly #outboxLoaded: Promise<void>;
  /** Messages of whose files this tab will hear. */
  readonly #awaited = new Set<string>();
  #waiting = $state(0);
  #ticking = $state(0);
  #ticks: Ticks | null = null;
  #left: ReadonlyMap<string, number> = $state.raw(new Map());
  #open: readonly Session[] = $state.raw([]);
  readonly unsent: number = $derived.by(
    () =>
      this.#waiting +
      this.#ticking +
      this.#open.reduce((sum, one) => sum + one.unsent, 0) +
      [...this.#left].reduce((sum, [id, count]) => sum + (this.#open.some((one) => one.info.document === id) ? 0 : count), 0),
  );

  readonly #options: HubOptions;
  readonly #live: Live;
  readonly #drafts: Drafts;
  readonly #draftIds: DraftIds;
  readonly #rooms = new Map<string, Room>();
  readonly #lingering = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #sessions = new Map<number, Session>();
  /** Sessions that nobody looks at any more, on their way out. */
  readonly #endings = new Set<Promise<void>>();
  readonly #signals = new Set<(message: SignalFrame) => void>();
  readonly #listeners = new Set<(event: TimelineEvent | null) => void>();
  readonly #whenLive = new Set<() => void>();
  readonly #life = new Lifetime();
  readonly #store: LocalStore;
  readonly #outbox: Outbox;
  #sendingLeft = false;
  #lookedAt: string | null = null;
  #erases: Erases | undefined;

  constructor(me: Me, options: HubOptions = {}) {
    this.me = me;
    this.#options = options;
    // What is made later uses what was made before, so it ends before that does.
    this.#store = new LocalStore(me.uid, () => (this.keeps = this.#store.keeps));
    this.keeps = this.#store.keeps;
    // Other tabs of the person must not write down again what this one erases.
    const erased = openChannel<Erases>(`hub.erased.${me.uid}`, (what) => {
      void this.#store.forget(what);
      this.#options.onSignedOut?.();
    });
    this.#life.onEnd(async () => {
      if (this.#erases) erased.post(this.#erases);
      await (this.#erases ? this.#store.erase(this.#erases) : this.#store.close());
      erased.close();
    });
    this.#drafts = this.#life.own(new Drafts(me.uid));
    this.#draftIds = this.#life.own(new DraftIds(me.uid));
    this.#life.own(this.people);
    this.notifications = this.#life.own(
      new Notifier({
        uid: me.uid,
        name: (uid) => this.people.name(uid),
        open: (thread) => options.onOpenThread?.(thread),
      }),
    );
    this.inbox = this.#life.own(
      new Inbox({
        me: me.uid,
        drafts: this.#drafts,
        watch: () => this.#live.command({ cmd: 'watch_inbox' }),
        arrived: (arrival) => this.notifications.arrived(arrival),
      }),
    );
    this.#outbox = this.#life.own(this.#makeOutbox());
    this.#live = new Live({
      url: liveUrl(),
      ...(options.connect ? { connect: options.connect } : {}),
      probe,
      isUrgent: () => this.calls.current !== null,
      handlers: {
        state: (state) => this.#connectionChanged(state),
        welcome: (welcome) => this.#welcomed(welcome),
        lost: () => this.#lost(),
        frame: (frame) => this.#receive(frame),
        binary: (frame) => this.#receiveBinary(frame),
      },
    });
    this.#life.onEnd(() => this.#live.stop());
    this.#life.onEnd(() => this.#endRooms());
    this.calls = this.#life.own(
      new Calls({
        me: me.uid,
        inbox: this.inbox,
        isLive: () => this.connection.status === 'live',
        room: (thread) => this.room(thread),
        command: (command) => this.#live.command(command),
        onSignal: (handler) => this.onSignal(handler),
      }),
    );
    this.#listen();
    this.#life.onEnd(
      $effect.root(() => {
        $effect(() => this.notifications.setTitle(this.title, this.inbox.totalUnread));
      }),
    );
    this.#live.start();
    this.#outboxLoaded = this.#outbox.load();
    void this.#countLeft();
    this.#tellTicks().catch(() => undefined);
    void this.#goOnSending().catch(() => undefined); // again with the next welcome
    void dropOldCopies(me.uid).catch(() => undefined);
    // The list by HTTP does not wait for the socket; it is read again once that watches.
    void this.inbox.refresh();
    this.people.refresh().catch(() => undefined);
  }

  // --- for the interface --------------------------------------------------------------------------

  room(thread: string): RoomStore {
    clearTimeout(this.#lingering.get(thread));
    this.#lingering.delete(thread);
    const room = this.#rooms.get(thread) ?? this.#makeRoom(thread);
    room.users++;
    return room;
  }

  document(info: DocumentInfo): DocumentSession {
    const session = this.#sessions.get(info.number) ?? this.#makeSession(info);
    session.users++;
    return session;
  }

  get ticks(): Ticks {
    return (this.#ticks ??= this.#life.own(
      makeTicks({
        store: this.#store,
        isLive: () => this.#live.isLive,
        finish: (command) => this.#live.command(command),
        uid: this.me.uid,
        waiting: (count) => (this.#ticking = count),
        refused: (what, error) => this.#options.onRefused?.(what, error),
      }),
    ));
  }

  /** What was ticked off in an earlier visit, too. */
  async #tellTicks(): Promise<void> {
    if (!this.#ticks && (await this.#store.entries('ticks', '')).length === 0) return;
    await import('./ticks');
    if (!this.#life.ended) await this.ticks.connected();
  }

  reconnect(): void {
    this.#live.nudge();
  }

  setMe(me: Me): void {
    this.me = me;
    const account = this.people.get(me.uid);
    this.people.put({
      uid: me.uid,
      display_name: me.display_name,
      addresses: me.addresses,
      is_owner: me.is_owner,
      disabled: account?.disabled ?? false,
    });
  }

  async signal(thread: string, toSession: string, kind: string, payload: unknown): Promise<void> {
    await this.#live.command({ cmd: 'signal', thread, to_session: toSession, kind, payload });
  }

  onSignal(handler: (message: SignalFrame) => void): () => void {
    this.#signals.add(handler);
    return () => this.#signals.delete(handler);
  }

  onEvent(handler: (event: TimelineEvent | null) => void): () => void {
    this.#listeners.add(handler);
    return () => this.#listeners.delete(handler);
  }

  async keptWords(): Promise<KeptWords> {
    for (const session of this.#sessions.values()) session.flush();
    return keptWords(this.#store);
  }

  async close(options: { erase?: Erases } = {}): Promise<void> {
    if (this.#life.ended) return;
    this.#erases = options.erase;
    await this.#life.end();
  }

  async #endRooms(): Promise<void> {
    for (const timer of this.#lingering.values()) clearTimeout(timer);
    for (const room of this.#rooms.values()) room.end();
    await Promise.all([...this.#sessions.values()].map((one) => one.end()));
    await Promise.all(this.#endings);
  }

  // --- the connection -----------------------------------------------------------------------------

  #connectionChanged(state: Connection): void {
    this.connection = state;
    if (state.status === 'signed_out') this.#options.onSignedOut?.();
  }

  #welcomed({ uid, people, scanning }: Welcome): void {
    if (!this.#loadingUploads) void this.#goOnSending().catch(() => undefined);
    if (uid !== this.me.uid) {
      // Another person signed in in another tab; nothing of theirs may be mixed with ours.
      this.#live.stop();
      this.#options.onSignedOut?.();
      return;
    }
    this.scanning = scanning;
    this.cannotSave = null; // else it says so next
    this.#outbox.setLive(true);
    this.#tellTicks().catch(() => undefined); // with the next welcome
    void this.people.reach(people);
    void this.inbox.connected();
    void this.notices.load().catch(() => undefined); // at the next connect
    for (const room of this.#rooms.values()) room.connected();
    for (const session of this.#sessions.values()) session.connected();
    for (const tell of this.#whenLive) tell();
    for (const tell of this.#listeners) tell(null);
    void this.#sendLeft();
    // Files are attached without a connection, too: the code for it has to be here by then.
    setTimeout(() => this.#life.ended || import('../transfer').catch(() => undefined), LATER_MS);
  }

  #lost(): void {
    this.#outbox.setLive(false);
    for (const room of this.#rooms.values()) room.lost();
    for (const session of this.#sessions.values()) session.lost();
  }

  #listen(): void {
    if (typeof window === 'undefined') return;
    this.#life.listen(window, 'online', () => this.#live.setOnline(true));
    this.#life.listen(window, 'offline', () => this.#live.setOnline(false));
    this.#life.listen(window, 'focus', () => this.#live.nudge());
    this.#life.listen(window, 'pagehide', () => this.#flush());
    this.#life.listen(window, 'beforeunload', (event) => {
      this.#flush();
      // The browser asks whether to go.
      if (this.#drafts.unkept || (this.unsent > 0 && !this.keeps) || this.uploads?.needsPage) event.preventDefault();
    });
    this.#life.listen(document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#live.nudge();
      else this.#flush();
    });
    if (navigator.onLine === false) this.#live.setOnline(false);
  }

  /** The page may go without another word. */
  #flush(): void {
    this.#drafts.flush();
    for (const room of this.#rooms.values()) room.flush();
    for (const session of this.#sessions.values()) session.flush();
  }

  /** Repeat a command with a send_id until it is answered or too much time has passed. */
  async commit<C extends CommandBody>(command: C): Promise<Results[C['cmd']]> {
    const until = Date.now() + COMMIT_MS;
    for (;;) {
      try {
        return await this.#live.command(command);
      } catch (error) {
        const { code } = asApiError(error);
        if ((code !== 'offline' && code !== 'timeout') || !(await this.#becomesLive(until - Date.now()))) throw error;
      }
    }
  }

  #becomesLive(withinMs: number): Promise<boolean> {
    if (withinMs <= 0 || this.#life.ended) return Promise.resolve(false);
    if (this.#live.isLive) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (live: boolean): void => {
        clearTimeout(timer);
        this.#whenLive.delete(tell);
        resolve(live);
      };
      const tell = (): void => settle(true);
      const timer = setTimeout(() => settle(false), withinMs);
      this.#whenLive.add(tell);
    });
  }

  // --- frames -------------------------------------------------------------------------------------

  #receive(frame: AnyFrame): void {
    switch (frame.t) {
      case 'event':
        this.#event(frame);
        break;
      case 'notice':
        this.notices.take(frame.notice);
        break;
      case 'notice_seen':
        this.notices.gone(frame.notice);
        break;
      case 'read':
        this.#rooms.get(frame.thread)?.read(frame);
        this.inbox.read(frame);
        break;
      case 'presence':
        this.#rooms.get(frame.thread)?.presenceChanged(frame);
        break;
      case 'typing':
        this.#rooms.get(frame.thread)?.typingChanged(frame);
        break;
      case 'upload':
        this.#rooms.get(frame.thread)?.uploadMoved(frame);
        break;
      case 'verdict':
      case 'preview':
        this.#rooms.get(frame.thread)?.noted(frame);
        break;
      case 'call_muted':
        this.calls.muted(frame);
        break;
      case 'person':
        this.#person(frame);
        break;
      case 'demoted':
        for (const session of this.#sessionsOf(frame.thread)) session.demoted();
        break;
      case 'removed':
        this.#rooms.get(frame.thread)?.removed();
        this.inbox.remove(frame.thread);
        for (const session of this.#sessionsOf(frame.thread)) session.removed();
        break;
      case 'caret_owners':
        this.#sessions.get(frame.number)?.caretOwners(frame);
        break;
      case 'durable':
        this.#sessions.get(frame.number)?.durable(frame);
        break;
      case 'refused':
        this.#sessions.get(frame.number)?.refused(frame);
        break;
      case 'document_reset':
        this.#sessions.get(frame.number)?.reset(frame);
        break;
      case 'saving':
        this.cannotSave = frame.code;
        break;
      case 'signal':
        for (const handler of this.#signals) handler(frame);
        break;
      default:
        break; // a newer hub may say more than we know
    }
  }

  #person(frame: Person): void {
    this.people.changed(frame);
    if (frame.uid !== this.me.uid) return;
    const { display_name, addresses, is_owner } = frame;
    this.me = { ...this.me, display_name, addresses, is_owner };
  }

  #event(event: TimelineEvent): void {
    // Rooms first: they know the row of the inbox better than the inbox can.
    this.inbox.notice(event);
    this.#rooms.get(event.thread)?.event(event);
    this.inbox.event(event);
    for (const tell of this.#listeners) tell(event);
    if (event.type !== 'member.set' || event.data == null) return;
    const { uid, role } = event.data as MemberSetData;
    if (uid !== this.me.uid || role === null) return;
    this.#rooms.get(event.thread)?.admitted();
    for (const session of this.#sessionsOf(event.thread)) session.admitted(role);
  }

  #receiveBinary(frame: Uint8Array): void {
    try {
      this.#sessions.get(decodeFrame(frame).number)?.receive(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      console.error('A malformed frame was left out.', error);
    }
  }

  #sessionsOf(thread: string): Session[] {
    return [...this.#sessions.values()].filter((one) => one.info.thread === thread);
  }

  // --- rooms --------------------------------------------------------------------------------------

  #makeRoom(thread: string): Room {
    const room = new Room(thread, {
      me: this.me.uid,
      people: this.people,
      drafts: this.#drafts,
      isLive: () => this.#live.isLive,
      scans: () => this.scanning !== 'off',
      command: (command) => this.#live.command(command),
      commit: (command) => this.commit(command),
      outbox: {
        entries: () => this.#outbox.entries,
        add: (message) => this.#outbox.add(message),
        retry: (sendId) => this.#outbox.retry(sendId),
        discard: (sendId) => this.#outbox.discard(sendId),
        confirm: (sendId) => this.#outbox.confirm(sendId),
      },
      uploads: () => this.uploads,
      loadUploads: () => this.#loadUploads(),
      draftIds: this.#draftIds,
      looking: (id, looks) => this.#looks(id, looks),
      summary: (summary) => this.inbox.put(summary),
      released: (one) => this.#lingerRoom(one),
    });
    this.#rooms.set(thread, room);
    return room;
  }

  #looks(thread: string, looks: boolean): void {
    if (looks) this.#lookedAt = thread;
    else if (this.#lookedAt === thread) this.#lookedAt = null;
    this.notifications.looksAt(this.#lookedAt);
  }

  #lingerRoom(room: Room): void {
    if (this.#life.ended) return;
    this.#looks(room.thread, false);
    const drop = (): void => {
      this.#lingering.delete(room.thread);
      if (this.#rooms.get(room.thread) === room && room.users <= 0) {
        this.#rooms.delete(room.thread);
        room.end();
      }
    };
    if (room.status === 'ready') this.#lingering.set(room.thread, setTimeout(drop, LINGER_MS));
    else drop();
  }

  #makeOutbox(): Outbox {
    const { uid } = this.me;
    return new Outbox({
      store: this.#store,
      ready: (entry) => this.#uploadsOf(entry),
      send: async (entry) => {
        const files = await this.#uploadsOf(entry);
        const [picture] = files;
        if (entry.document !== undefined && picture) {
          return this.#live.command({ cmd: 'add_attachment', thread: entry.thread, send_id: entry.sendId, file: picture, document: entry.document });
        }
        try {
          return await this.#post(entry, files);
        } catch (error) {
          if (asApiError(error).code !== 'attachment_not_found' || !files.some((one) => one.attachment != null)) throw error;
          // Its namesake was removed while it waited.
          return this.#post(entry, files.map(({ attachment: _, ...file }) => file));
        }
      },
      lock: (task) => withLock(`hub.outbox.${uid}`, task),
      channel: (hear) => openChannel<OutboxNews>(`hub.outbox.${uid}`, hear),
      changed: () => this.#outboxChanged(),
      sent: (sent) => {
        this.#rooms.get(sent.thread)?.sent(sent);
        // Also without a room that would see its event.
        const files = (this.uploads?.items ?? []).filter((one) => one.purpose === sent.sendId);
        this.uploads?.dismiss(...files.map((one) => one.id));
      },
    });
  }

  #post({ thread, sendId, text, replyTo, mentions }: OutboxEntry, files: readonly NewFileCommand[]): Promise<Accepted> {
    const more = files.length > 0 ? { files } : {};
    return this.#live.command({ cmd: 'post', thread, send_id: sendId, text, reply_to: replyTo, mentions, ...more });
  }

  /** The uploads of a message. @throws ApiError `not_ready`: the hub does not know of each yet. */
  async #uploadsOf({ sendId, files = [], at }: OutboxEntry): Promise<NewFileCommand[]> {
    if (files.length === 0) return [];
    const queue = await this.#loadUploads();
    await queue.loaded;
    const waits: string[] = [];
    const commands = files.map(({ item, name, upload, attachment }) => {
      const found = queue.find(item);
      const id = found ? found.upload : upload; // it may be another one by now
      // Of what another tab sends, that tab knows first.
      if (id === null && found?.here && found.state === 'failed' && found.error) throw new ApiError(found.error.code, found.error.detail);
      if (id === null && !found && Date.now() - at > MISSING_MS) throw new ApiError('upload_not_found', `${name} is no longer on its way.`);
      if (id === null) waits.push(item);
      return { upload: id ?? '', ...(attachment === undefined ? {} : { attachment }) };
    });
    if (waits.length === 0) return commands;
    const here = waits.filter((item) => queue.find(item)?.here);
    if (here.length > 0 && !this.#awaited.has(sendId)) {
      this.#awaited.add(sendId);
      void Promise.allSettled(here.map((item) => queue.uploadOf(item))).then(() => {
        this.#awaited.delete(sendId);
        this.#outbox.wake();
      });
    }
    throw new ApiError(NOT_READY, 'Its files have not begun to be sent.');
  }

  draftOf(thread: string): string {
    return this.#draftIds.get(thread);
  }

  /** What an earlier visit did not send to its end goes on; what it sent and did not forget is forgotten. */
  async #goOnSending(): Promise<void> {
    const left = await this.#store.entries('uploads', '').catch(() => []);
    if (left.length === 0 || this.#life.ended) return;
    const queue = await this.#loadUploads();
    await Promise.all([queue.loaded, this.#outboxLoaded]);
    const threads = new Set(queue.items.map((one) => one.thread));
    const wanted = new Set([...this.#outbox.entries.map((one) => one.sendId), ...[...threads].map((one) => this.draftOf(one))]);
    const before = Date.now() - MISSING_MS; // another tab may just be sending
    const sent = queue.items.filter((one) => one.addedAt < before && !wanted.has(one.purpose ?? ''));
    queue.dismiss(...sent.map((one) => one.id));
  }

  /** What sends files is not in the first chunk. */
  #loadUploads(): Promise<UploadQueue> {
    this.#loadingUploads ??= import('../transfer').catch(() => {
      this.#loadingUploads = null; // perhaps the next time
      throw new ApiError('unreachable', 'The part of this page that sends files could not be loaded.');
    }).then(({ UploadQueue }) => {
      const queue = new UploadQueue({
        uid: this.me.uid,
        store: this.#store,
        keepDone: true, // a file belongs to its draft until that is sent
        signedOut: () => this.#options.onSignedOut?.(),
      });
      if (this.#life.ended) void queue.close();
      else this.uploads = this.#life.own(queue);
      return queue;
    });
    return this.#loadingUploads;
  }

  async #countLeft(): Promise<void> {
    this.#left = await unsentDocuments(this.#store).catch(() => new Map());
    if (this.#live.isLive) void this.#sendLeft();
  }

  #outboxChanged(): void {
    this.#waiting = this.#outbox.entries.length;
    for (const room of this.#rooms.values()) room.outboxChanged();
  }

  // --- documents ----------------------------------------------------------------------------------

  #makeSession(info: DocumentInfo): Session {
    const session = makeSession(info, {
      uid: this.me.uid,
      store: this.#store,
      isLive: () => this.#live.isLive,
      command: (command) => this.#live.command(command),
      sendBinary: (frame) => this.#live.sendBinary(frame),
      ended: (one) => void this.#endSession(one),
    });
    this.#sessions.set(info.number, session);
    this.#open = [...this.#sessions.values()];
    return session;
  }

  /** Nobody looks at it any more; what is unsent gets a while to be sent. */
  async #endSession(session: Session): Promise<void> {
    const until = Date.now() + SENDING_MS;
    while (session.unsent > 0 && session.users <= 0 && Date.now() < until && this.#live.isLive && !session.error) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (session.users > 0 || this.#sessions.get(session.info.number) !== session) return;
    this.#sessions.delete(session.info.number);
    this.#open = [...this.#sessions.values()];
    const left = new Map(this.#left);
    if (session.unsent > 0) left.set(session.info.document, session.unsent);
    else left.delete(session.info.document);
    this.#left = left;
    const ending = session.end().finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
    await ending;
  }

  /** Documents that are not open may hold edits of earlier visits: send them. */
  async #sendLeft(): Promise<void> {
    if (this.#sendingLeft || this.#life.ended) return;
    this.#sendingLeft = true;
    try {
      for (const document of [...this.#left.keys()]) {
        if (!this.#live.isLive || this.#life.ended) return;
        if (!this.#open.some((one) => one.info.document === document)) await this.#sendLeftOf(document);
      }
    } finally {
      this.#sendingLeft = false;
    }
  }

  async #sendLeftOf(document: string): Promise<void> {
    try {
      await import('./documents');
      const info = await api.get<DocumentInfo>(`/api/documents/${document}`);
      if (!this.#live.isLive || this.#life.ended) return;
      const session = this.document(info) as Session;
      await session.ready.catch(() => undefined);
      // What is refused becomes a private copy, which only an open document can show.
      if (session.privateCopies.length === 0) session.close();
    } catch {
      // No member any more, or no connection: it stays here, and counted.
    }
  }
}

function liveUrl(): string {
  const { protocol, host } = globalThis.location;
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/live`;
}

async function probe(): Promise<'signed_in' | 'signed_out' | 'unreachable'> {
  try {
    await api.get('/api/me');
    return 'signed_in';
  } catch (error) {
    return error instanceof ApiError && error.status === 401 ? 'signed_out' : 'unreachable';
  }
}

/** The state of a signed-in tab. `close()` it when the sign-in ends. */
export function openHub(me: Me, options: HubOptions = {}): HubState {
  return new Hub(me, options);
}
