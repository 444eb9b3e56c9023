/**
 * A thread as this client knows it, and how an event changes it. Pure: nothing here waits, asks or
 * draws; every result is a new frozen object.
 *
 * The invariant, tested over every kind of event: state at t0 + events since t0 == fresh state. Where
 * an event speaks of something outside the window of loaded items, the model says in `stale` what
 * the store must ask the hub for.
 */
import type {
  Account,
  Attachment,
  AttachmentAddData,
  Call,
  DocumentCreateData,
  DocumentInfo,
  DocumentRenameData,
  EntrySetData,
  EventType,
  HistoryPage,
  Item,
  LastMessage,
  Member,
  MemberSetData,
  MessageData,
  MessageDeleteData,
  MessageEditData,
  MessageUndeleteData,
  Reaction,
  ReactionData,
  ReadState,
  ReferenceSetData,
  ThreadHistoryData,
  ThreadRenameData,
  ThreadState,
  ThreadSummary,
  TimelineEvent,
  VersionAddData,
  VersionPreview,
  VersionVerdict,
} from '../wire/generated';
import { after, begun, isRunning } from '../calls/state';
import { applyToFiles, type Files, lacksNotes, learn, NO_FILES, noted, progressed, withoutErased } from './attachments';
import { applyToEntries, type Entries, learnEntries, lineOf, NO_ENTRIES, relearnEntries } from './entries';
import { excerpt } from './excerpt';
import { withReference, withRuled } from './references';

export interface Stale {
  /** Items whose text must be fetched. */
  readonly items: readonly number[];
  /** Counts or the last message cannot be told from what is loaded. */
  readonly summary: boolean;
  /** Attachments that are shown and not known. */
  readonly files: readonly string[];
}

export interface RoomModel {
  readonly me: string;
  /** True as of `state.summary.head`. */
  readonly state: ThreadState;
  /** A window of the history, ascending, without gaps, true as of `itemsHead`. */
  readonly items: readonly Item[];
  readonly itemsHead: number;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** The attachments that the items speak of, and more. */
  readonly files: Files;
  /** Tasks and meetings that are open or were spoken of. */
  readonly entries: Entries;
  /** Deleted messages as they were, in case the deletion is taken back. */
  readonly hidden: ReadonlyMap<number, Item>;
  readonly stale: Stale;
}

export type Lookup = (uid: string) => Account | undefined;

const LINES: ReadonlySet<EventType> = new Set<EventType>([
  'thread.create',
  'thread.rename',
  'thread.history',
  'member.set',
  'document.create',
  'document.rename',
  'document.merge',
  'document.autosave',
  'attachment.rename',
  'attachment.remove',
  'attachment.unremove',
  'attachment.restore',
  'attachment.property',
  'version.blocked',
  'version.unblocked',
  'entry.set',
  'entry.remove',
  'call.start',
]);

/** A document was saved, to its file or as another one, and that is something new. */
function isNewVersion({ type, data }: TimelineEvent): boolean {
  const { document, made, same } = (data ?? {}) as Partial<VersionAddData>;
  return type === 'attachment.add' ? made != null : type === 'version.add' && (document ?? made) != null && same !== true;
}

const FRESH: Stale = Object.freeze({ items: Object.freeze([]), summary: false, files: Object.freeze([]) });

/** The model of a thread from what the hub answered. */
export function createModel(me: string, state: ThreadState, page: HistoryPage): RoomModel {
  return Object.freeze({
    me,
    state: Object.freeze(state),
    items: Object.freeze(page.items.map(tidy)),
    itemsHead: page.head,
    hasOlder: page.more,
    hasNewer: false,
    files: learn(NO_FILES, page.attachments, [], page.head),
    entries: learnEntries(learnEntries(NO_ENTRIES, state.entries), page.entries),
    hidden: new Map<number, Item>(),
    stale: FRESH,
  });
}

/** Up to where both parts are true: subscribe from here on. */
export function headOf(model: RoomModel): number {
  return Math.min(model.itemsHead, model.state.summary.head);
}

/** One event later. An event that is known already changes nothing. */
export function apply(model: RoomModel, event: TimelineEvent, lookup: Lookup = () => undefined): RoomModel {
  let next = model;
  // The summary looks at the items as they were before the event.
  if (event.seq > model.state.summary.head) next = applyToState(next, event, lookup);
  if (event.seq > model.itemsHead) next = reframe(applyToItems(withFile(next, event), event), event);
  const entries = event.seq > headOf(model) ? applyToEntries(next.entries, event) : next.entries;
  if (entries !== next.entries) next = Object.freeze({ ...next, entries });
  return next;
}

function withFile(model: RoomModel, event: TimelineEvent): RoomModel {
  const { files, missing } = applyToFiles(model.files, event);
  if (files === model.files && missing === null) return model;
  const stale = missing === null ? model.stale : Object.freeze({ ...model.stale, files: [...model.stale.files, missing] });
  return Object.freeze({ ...model, files, stale });
}

/** Attachments as the hub has them, as of a seq if it says so. */
export function refreshFiles(model: RoomModel, found: readonly Attachment[], meanwhile: readonly TimelineEvent[], asOf: number | null): RoomModel {
  return Object.freeze({ ...model, files: learn(model.files, found, meanwhile, asOf) });
}

/** Without files that the whole list of them, as of a seq, has no more. */
export function dropErased(model: RoomModel, listed: ReadonlySet<string>, asOf: number): RoomModel {
  const files = withoutErased(model.files, listed, asOf);
  return files === model.files ? model : Object.freeze({ ...model, files });
}

/** Files that the loaded items speak of and of which something may have been missed. */
export function filesToAsk(model: RoomModel, scanned: boolean): string[] {
  const spoken = new Set(model.items.flatMap((item) => item.files.map((one) => one.attachment)));
  return [...spoken].filter((id) => {
    const file = model.files.get(id);
    return file !== undefined && lacksNotes(file, scanned);
  });
}

/** More of an arriving version is here. */
export function applyProgress(model: RoomModel, key: string, received: number): RoomModel {
  const files = progressed(model.files, key, received);
  return files === model.files ? model : Object.freeze({ ...model, files });
}

/** A scanner has looked at a version, or its preview was made. */
export function applyNote(model: RoomModel, frame: VersionVerdict | VersionPreview): RoomModel {
  const about = frame.t === 'verdict' ? { verdict: frame.verdict, finding: frame.finding ?? null } : { preview: frame.preview };
  const files = noted(model.files, frame.key, about);
  return files === model.files ? model : Object.freeze({ ...model, files });
}

/** What may be seen reaches further back, or less far, once the thread's history is another. */
function reframe(model: RoomModel, event: TimelineEvent): RoomModel {
  if (event.type !== 'thread.history' || event.data == null) return model;
  const first = model.items[0]?.seq ?? 0;
  if ((event.data as ThreadHistoryData).history === 'all') {
    const hidden = model.items.filter((one) => one.type !== 'message' && one.data === null).map((one) => one.seq);
    const stale = hidden.length > 0 ? Object.freeze({ ...model.stale, items: [...model.stale.items, ...hidden] }) : model.stale;
    return Object.freeze({ ...model, hasOlder: model.hasOlder || first > 1, stale });
  }
  const since = model.state.members.find((one) => one.uid === model.me)?.since ?? 0;
  const items = Object.freeze(model.items.filter((one) => one.seq >= since).map((one) => (isVeiled(one, since, model.me) ? Object.freeze({ ...one, data: null }) : one)));
  return Object.freeze({ ...model, items, hasOlder: model.hasOlder && first > since });
}

/** A line about something from before what may be read, that is not for this person. */
function isVeiled({ type, data }: Item, since: number, me: string): boolean {
  const { target, shown } = (data ?? {}) as { target?: number | null; shown?: readonly string[] };
  return type !== 'message' && type !== 'call.start' && target != null && target < since && !shown?.includes(me);
}

/** Without what was marked stale; call it when it has been asked for. */
export function settled(model: RoomModel): RoomModel {
  return model.stale === FRESH ? model : Object.freeze({ ...model, stale: FRESH });
}

// --- items ----------------------------------------------------------------------------------------

function applyToItems(model: RoomModel, event: TimelineEvent): RoomModel {
  const added = itemOf(event);
  if (added) {
    const items = model.hasNewer ? model.items : Object.freeze([...model.items, added]);
    return Object.freeze({ ...model, items, itemsHead: event.seq });
  }
  const target = targetOf(event);
  const at = target === null ? -1 : indexOf(model.items, target);
  const before = model.items[at];
  if (!before) return Object.freeze({ ...model, itemsHead: event.seq });
  const after = changeItem(before, event, model.hidden);
  if (after === before) return Object.freeze({ ...model, itemsHead: event.seq });
  const hidden = new Map(model.hidden);
  if (after.deleted && before.text !== null) hidden.set(before.seq, before);
  if (!after.deleted) hidden.delete(before.seq);
  const lost = !after.deleted && after.text === null;
  return Object.freeze({
    ...model,
    items: Object.freeze(model.items.with(at, after)),
    itemsHead: event.seq,
    hidden,
    stale: lost ? Object.freeze({ ...model.stale, items: [...model.stale.items, after.seq] }) : model.stale,
  });
}

/** A number was put on the thread or taken from it; not that one is none. */
function isNumberLine({ type, data }: TimelineEvent): boolean {
  const { target, on, was } = (data ?? {}) as Partial<ReferenceSetData>;
  return type === 'reference.set' && target == null && (on === true || was === true);
}

/** The line an event adds to the history, if it adds one. */
export function itemOf(event: TimelineEvent): Item | null {
  if (event.type === 'message') {
    const data = event.data as MessageData | null | undefined;
    return Object.freeze({
      ...blank(event),
      text: data?.text ?? null,
      reply_to: data?.reply_to ?? null,
      mentions: data?.mentions ?? [],
      mention_names: data?.mention_names ?? [],
      files: data?.files ?? [],
      references: withRuled([], event, data?.references),
      reminder: data?.reminder ?? false,
    });
  }
  if (event.type === 'call.start' && event.data != null) return Object.freeze({ ...blank(event), data: begun(event) });
  const isLine = LINES.has(event.type) || isNewVersion(event) || isNumberLine(event);
  if (event.type === 'entry.set' && event.data != null) return Object.freeze({ ...blank(event), data: lineOf(event.data as EntrySetData) });
  return isLine ? Object.freeze({ ...blank(event), data: event.data ?? null }) : null;
}

function blank(event: TimelineEvent): Item {
  return {
    seq: event.seq,
    type: event.type,
    sender: event.sender,
    at: event.at,
    version: event.seq,
    data: null,
    text: null,
    reply_to: null,
    mentions: [],
    mention_names: [],
    files: [],
    references: [],
    reminder: false,
    reactions: [],
    edited_at: null,
    deleted: false,
    deleted_by: null,
    undo_until: null,
  };
}

/** The seq of the message or call an event is about. */
export function targetOf(event: TimelineEvent): number | null {
  switch (event.type) {
    case 'call.ring':
    case 'call.join':
    case 'call.decline':
    case 'call.miss':
    case 'call.leave':
    case 'call.lock':
    case 'call.end':
    case 'message.edit':
    case 'message.delete':
    case 'message.undelete':
    case 'reaction':
    case 'reference.set':
      return (event.data as { target: number } | null | undefined)?.target ?? null;
    default:
      return null;
  }
}

/** An item one event later; the same object when the event does not touch it. */
export function changeItem(item: Item, event: TimelineEvent, hidden: ReadonlyMap<number, Item> = new Map()): Item {
  if (item.type === 'call.start') return changeCall(item, event);
  if (item.type !== 'message' || event.seq <= item.version || event.data == null) return item;
  switch (event.type) {
    case 'message.edit': {
      const data = event.data as MessageEditData;
      if (item.deleted || item.sender !== event.sender) return item;
      return Object.freeze({
        ...item,
        text: data.text,
        mentions: data.mentions ?? [],
        mention_names: data.mention_names ?? [],
        references: withRuled(item.references, event, data.references),
        edited_at: event.at,
        version: event.seq,
      });
    }
    case 'message.delete':
      if (item.deleted) return item;
      return Object.freeze({
        ...item,
        text: null,
        mentions: [],
        mention_names: [],
        files: [],
        references: [],
        reminder: false,
        reactions: [],
        edited_at: null,
        deleted: true,
        deleted_by: event.sender,
        undo_until: event.at + (event.data as MessageDeleteData).undo_s * 1000,
        version: event.seq,
      });
    case 'message.undelete': {
      if (!item.deleted || item.deleted_by !== event.sender) return item;
      const was = hidden.get(item.seq);
      return Object.freeze({
        ...(was ?? item),
        deleted: false,
        deleted_by: null,
        undo_until: null,
        version: event.seq,
      });
    }
    case 'reaction': {
      if (item.deleted) return item;
      const data = event.data as ReactionData;
      return Object.freeze({
        ...item,
        reactions: react(item.reactions, data.emoji, event.sender, data.on),
        version: event.seq,
      });
    }
    case 'reference.set':
      if (item.deleted) return item;
      return Object.freeze({ ...item, references: withReference(item.references, event, event.data as ReferenceSetData), version: event.seq });
    default:
      return item;
  }
}

/** The line of a call as the call is now. */
function changeCall(item: Item, event: TimelineEvent): Item {
  const before = item.data as Call | null;
  const call = before && after(before, event);
  return call === before ? item : Object.freeze({ ...item, data: call, version: event.seq });
}

/** Whether a line of the history counts as unread for somebody who has not seen it. */
export function isUnread(item: Item, me: string): boolean {
  if (item.type === 'call.start') return (item.data as Call | null)?.people[me]?.state === 'missed';
  return item.type === 'message' && item.sender !== me && !item.deleted;
}

function react(reactions: readonly Reaction[], emoji: string, uid: string, on: boolean): readonly Reaction[] {
  const uids = reactions.find((one) => one.emoji === emoji)?.uids ?? [];
  if (on === uids.includes(uid)) return reactions;
  const changed = on ? [...uids, uid] : uids.filter((one) => one !== uid);
  const others = reactions.filter((one) => one.emoji !== emoji);
  return sorted(changed.length > 0 ? [...others, { emoji, uids: changed }] : others);
}

/** Reactions stand in the order of their code points: it never jumps while people react. */
function sorted(reactions: readonly Reaction[]): readonly Reaction[] {
  return [...reactions].sort((a, b) => (a.emoji < b.emoji ? -1 : 1));
}

function tidy(item: Item): Item {
  return Object.freeze({ ...item, reactions: sorted(item.reactions) });
}

function indexOf(items: readonly Item[], seq: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle] as Item).seq < seq) low = middle + 1;
    else high = middle;
  }
  return items[low]?.seq === seq ? low : -1;
}

export function itemAt(model: RoomModel, seq: number): Item | undefined {
  return model.items[indexOf(model.items, seq)];
}

// --- pages ----------------------------------------------------------------------------------------

/** Where a page of the history goes. */
export type Placement =
  /** Before the window. */
  | 'older'
  /** After the window; `reachesEnd` when the hub has nothing behind it. */
  | 'newer'
  /** Instead of the window. */
  | 'window';

/**
 * Put a page into the window.
 *
 * @param meanwhile the events that arrived while the page was asked for: they may be newer than it.
 * @param reachesEnd the page holds the newest item, as of its head.
 */
export function mergePage(
  model: RoomModel,
  page: HistoryPage,
  placement: Placement,
  meanwhile: readonly TimelineEvent[],
  reachesEnd = false,
): RoomModel {
  // What may be seen was another for a while: the window may have been cut where the page was asked for.
  if (placement === 'older' && meanwhile.some((event) => event.type === 'thread.history')) return model.hasOlder ? model : Object.freeze({ ...model, hasOlder: true });
  const late = meanwhile.filter((event) => event.seq > page.head).sort((a, b) => a.seq - b.seq);
  const known = new Map(placement === 'window' ? [] : model.items.map((item) => [item.seq, item]));
  for (const raw of page.items) {
    const item = late.reduce((one, event) => (targetOf(event) === one.seq ? changeItem(one, event) : one), tidy(raw));
    const mine = known.get(item.seq);
    if (!mine || item.version >= mine.version) known.set(item.seq, item);
  }
  const endsNow = placement === 'older' ? !model.hasNewer : reachesEnd;
  if (endsNow && placement !== 'older') {
    for (const event of late) {
      const added = itemOf(event);
      if (added && !known.has(added.seq)) known.set(added.seq, added);
      const target = targetOf(event);
      const item = target === null ? undefined : known.get(target);
      if (item) known.set(item.seq, changeItem(item, event));
    }
  }
  const items = [...known.values()].sort((a, b) => a.seq - b.seq);
  // A deletion that was taken back meanwhile: the page still lacks the text.
  const lost = items.filter((one) => one.type === 'message' && !one.deleted && one.text === null && one.version > page.head);
  const merged: RoomModel = Object.freeze({
    ...model,
    stale: lost.length > 0 ? Object.freeze({ ...model.stale, items: lost.map((one) => one.seq) }) : model.stale,
    items: Object.freeze(items),
    files: learn(model.files, page.attachments, late, page.head),
    entries: learnEntries(model.entries, page.entries, late),
    itemsHead: placement === 'window' ? Math.max(page.head, model.itemsHead) : model.itemsHead,
    hasOlder: placement === 'newer' ? model.hasOlder : page.more,
    hasNewer: !endsNow,
  });
  return late.reduce(reframe, merged);
}

/** Items as the hub has them now, in place of those in the window. */
export function refreshItems(model: RoomModel, items: readonly Item[]): RoomModel {
  const fresh = new Map(items.map((item) => [item.seq, tidy(item)]));
  return Object.freeze({
    ...model,
    items: Object.freeze(
      model.items.map((item) => {
        const one = fresh.get(item.seq);
        return one && one.version >= item.version ? one : item;
      }),
    ),
  });
}

// --- everything but the items ---------------------------------------------------------------------

function applyToState(model: RoomModel, event: TimelineEvent, lookup: Lookup): RoomModel {
  const { state } = model;
  const next = { ...state };
  switch (event.type) {
    case 'thread.history':
      if (event.data != null) next.history = (event.data as ThreadHistoryData).history;
      break;
    case 'member.set':
      if (event.data != null) setMember(next, event, event.data as MemberSetData, lookup);
      break;
    case 'reference.set': {
      const data = event.data as ReferenceSetData | null | undefined;
      if (data && data.target == null) next.references = withReference(state.references, event, data);
      break;
    }
    case 'document.create':
      if (event.data != null) next.documents = [...state.documents, documentOf(event, event.data as DocumentCreateData)];
      break;
    case 'document.rename':
      if (event.data != null) {
        const { document, title } = event.data as DocumentRenameData;
        changeDocument(next, document, () => ({ title }));
      }
      break;
    case 'document.merge':
    case 'version.add': {
      const { document, number, encoding } = (event.data ?? {}) as Partial<VersionAddData>;
      if (document != null) changeDocument(next, document, ({ file }) => (file ? { file: { ...file, number: number ?? file.number, encoding: encoding ?? file.encoding ?? null } } : {}));
      break;
    }
    case 'attachment.add': {
      const { attachment, made } = (event.data ?? {}) as AttachmentAddData;
      if (made?.format != null) {
        const { document, format, encoding = null } = made;
        changeDocument(next, document, () => ({ file: { attachment, number: 1, format, encoding } })); // its live copy
      }
      break;
    }
    default:
      break;
  }
  // Items that hold the event already tell nothing of what it changed.
  const inStep = event.seq > model.itemsHead;
  const known = (seq: number): Item | undefined => (inStep ? itemAt(model, seq) : undefined);
  const { summary, stale } = applyToSummary(state.summary, event, model.me, known);
  next.summary = summary;
  let repaired = stale;
  if (stale && inStep && event.type !== 'thread.history') {
    // What a summary alone cannot tell, the loaded items often can.
    const recounted = recount({ ...model, items: applyToItems(model, event).items }, summary);
    if (recounted) {
      next.summary = recounted;
      repaired = false;
    }
  }
  return Object.freeze({
    ...model,
    state: Object.freeze(next),
    stale: repaired ? Object.freeze({ ...model.stale, summary: true }) : model.stale,
  });
}

function changeDocument(state: ThreadState, document: string, change: (one: DocumentInfo) => Partial<DocumentInfo>): void {
  state.documents = state.documents.map((one) => (one.document === document ? { ...one, ...change(one) } : one));
}

function setMember(state: ThreadState, event: TimelineEvent, data: MemberSetData, lookup: Lookup): void {
  const member = state.members.find((one) => one.uid === data.uid);
  const former = state.former_members.find((one) => one.uid === data.uid);
  const account = lookup(data.uid);
  const name = member?.display_name ?? account?.display_name ?? former?.display_name ?? data.uid;
  if (data.role === null) {
    state.members = state.members.filter((one) => one !== member);
    state.former_members = [
      ...state.former_members.filter((one) => one.uid !== data.uid),
      {
        uid: data.uid,
        display_name: name,
        addresses: [],
        is_owner: account?.is_owner ?? false,
        disabled: account?.disabled ?? false,
      },
    ];
    return;
  }
  const changed: Member = { uid: data.uid, display_name: name, role: data.role, since: member?.since ?? event.seq };
  state.members = member
    ? state.members.map((one) => (one === member ? changed : one))
    : [...state.members, changed];
  state.former_members = state.former_members.filter((one) => one.uid !== data.uid);
}

function documentOf(event: TimelineEvent, data: DocumentCreateData): DocumentInfo {
  return {
    document: data.document,
    number: data.number,
    thread: event.thread,
    kind: data.kind,
    title: data.title,
    schema_version: data.schema_version,
    lineage: data.lineage,
    language: data.language ?? null,
    line_ends: data.line_ends ?? 'lf',
    file: data.file ? { attachment: data.file.attachment, number: data.file.number, format: data.file.format, encoding: data.file.encoding ?? null } : null,
    created_by: event.sender,
    created_at: event.at,
  };
}

/**
 * A row of the inbox one event later. `stale`: the true row must be asked for.
 *
 * @param known what the reader has loaded of the history; nothing for the inbox.
 */
export function applyToSummary(
  summary: ThreadSummary,
  event: TimelineEvent,
  me: string,
  known: (seq: number) => Item | undefined = () => undefined,
): { summary: ThreadSummary; stale: boolean } {
  if (event.seq <= summary.head) return { summary, stale: false };
  const next = { ...summary, head: event.seq };
  let stale = false;
  switch (event.type) {
    case 'thread.rename':
      if (event.data != null) next.subject = (event.data as ThreadRenameData).subject;
      break;
    case 'member.set': {
      const data = event.data as MemberSetData | null | undefined;
      if (data?.uid === me && data.role !== null) next.role = data.role;
      break;
    }
    case 'thread.history':
      // Counts and the last message reach further back, or less far.
      stale = true;
      break;
    case 'message': {
      const data = event.data as MessageData | null | undefined;
      next.updated_at = Math.max(summary.updated_at, event.at);
      if (data) {
        next.last_message = lastMessage(event.seq, event.sender, event.at, data.text, data.files?.length ?? 0);
        if (event.sender !== me && event.seq > summary.last_read) {
          next.unread += 1;
          if (data.mentions?.includes(me)) next.mentions += 1;
        }
      }
      break;
    }
    case 'message.edit': {
      const data = event.data as MessageEditData | null | undefined;
      if (!data) break;
      const item = known(data.target);
      const last = summary.last_message;
      if (item && changeItem(item, event) === item) break;
      if (last?.seq === data.target) next.last_message = { ...last, excerpt: excerpt(data.text) };
      if (event.sender === me || data.target <= summary.last_read) break;
      if (!item) stale = true;
      else next.mentions += Number((data.mentions ?? []).includes(me)) - Number(item.mentions.includes(me));
      break;
    }
    case 'message.delete':
    case 'message.undelete': {
      const data = event.data as MessageDeleteData | MessageUndeleteData | null | undefined;
      if (!data) break;
      const item = known(data.target);
      if (item && changeItem(item, event) === item) break;
      const counts = data.target_sender !== me && data.target > summary.last_read;
      // A deleted last message uncovers an older one; a restored one may cover it again.
      stale = counts || data.target >= (summary.last_message?.seq ?? 0);
      break;
    }
    case 'call.start':
      if (event.data != null) next.call = begun(event);
      break;
    default:
      if (event.type.startsWith('call.') && summary.call) stale = applyCall(next, summary.call, event, me, known);
      break;
  }
  return { summary: Object.freeze(next), stale };
}

/** The call that lasts, and whether this person missed it; true when the hub has to be asked for that. */
function applyCall(next: ThreadSummary, before: Call, event: TimelineEvent, me: string, known: (seq: number) => Item | undefined): boolean {
  const call = after(before, event);
  const missed = (one: Call): number => Number(one.people[me]?.state === 'missed' && one.seq > next.last_read);
  const more = missed(call) - missed(before);
  next.call = isRunning(call) ? call : null;
  if (more === 0) return false;
  if (!known(call.seq)) return true;
  next.unread += more;
  return false;
}

function lastMessage(seq: number, sender: string, at: number, text: string, files: number): LastMessage {
  return { seq, sender, at, excerpt: excerpt(text), files };
}

/** Counts and last message from the loaded items; null when they do not reach far enough. */
function recount(model: RoomModel, summary: ThreadSummary): ThreadSummary | null {
  if (model.hasNewer) return null;
  const from = model.items[0]?.seq ?? 0;
  if (model.hasOlder && from > summary.last_read + 1) return null;
  const messages = model.items.filter((one) => one.type === 'message' && !one.deleted);
  if (messages.some((one) => one.text === null)) return null;
  const last = messages.at(-1);
  if (!last && model.hasOlder) return null;
  const fresh = model.items.filter((one) => one.seq > summary.last_read && isUnread(one, model.me));
  return Object.freeze({
    ...summary,
    unread: fresh.length,
    mentions: fresh.filter((one) => one.mentions.includes(model.me)).length,
    last_message: last ? lastMessage(last.seq, last.sender, last.at, last.text ?? '', last.files.length) : null,
  });
}

/** The private marker moved. */
export function applyRead(model: RoomModel, read: Pick<ReadState, 'seq' | 'unread' | 'mentions'>): RoomModel {
  const summary = { ...model.state.summary, last_read: read.seq, unread: read.unread, mentions: read.mentions };
  return withSummary(model, recountOnly(model, summary) ?? summary);
}

/** The marker as the person just moved it, before the hub knows. */
export function applyLocalRead(model: RoomModel, seq: number): RoomModel {
  const summary = { ...model.state.summary, last_read: Math.min(seq, model.state.summary.head) };
  const counted = recountOnly(model, summary);
  if (counted) return withSummary(model, counted);
  return withSummary(model, seq >= summary.head ? { ...summary, unread: 0, mentions: 0 } : summary);
}

function recountOnly(model: RoomModel, summary: ThreadSummary): ThreadSummary | null {
  const counted = recount(model, summary);
  return counted && { ...summary, unread: counted.unread, mentions: counted.mentions };
}

/** What is open as the hub has it: what may be seen has changed. */
export function withOpenEntries(model: RoomModel, state: Pick<ThreadState, 'summary' | 'entries' | 'more_entries'>): RoomModel {
  const { entries, more_entries, summary } = state;
  const known = more_entries ? learnEntries(model.entries, entries) : relearnEntries(model.entries, entries, summary.head);
  return Object.freeze({ ...model, entries: known });
}

/** The hub's row, in place of ours, unless ours is newer. */
export function withSummary(model: RoomModel, summary: ThreadSummary): RoomModel {
  if (summary.head < model.state.summary.head) return model;
  return Object.freeze({ ...model, state: Object.freeze({ ...model.state, summary: Object.freeze(summary) }) });
}
