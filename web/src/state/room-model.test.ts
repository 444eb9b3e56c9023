/**
 * State at t0 + events since t0 == fresh state, over random histories of every kind of event.
 *
 * `Reference` is the hub's side told a second time, as plainly as possible (hub/storage/projection.py
 * and timeline.py); the model must end where it ends, from wherever it started.
 */
import { describe, expect, test } from 'vitest';

import type { Call, DocumentInfo, Entry, EntryRemoveData, EntrySetData, EventType, HistoryPage, Item, MadeFile, MessageReference, ReferenceSetData, Role, ThreadState, TimelineEvent } from '../wire/generated';
import { after, begun, isRunning } from '../calls/state';
import { isOpen } from './entries';
import { excerpt } from './excerpt';
import {
  apply,
  applyLocalRead,
  applyRead,
  applyToSummary,
  createModel,
  headOf,
  itemAt,
  mergePage,
  refreshItems,
  settled,
  withOpenEntries,
  withSummary,
  type RoomModel,
} from './room-model';

const ME = 'u_me';
const PEOPLE = [ME, 'u_ann', 'u_bob', 'u_cay'];
const THREAD = 'r_1';
const ALL: EventType[] = [
  'thread.create',
  'thread.rename',
  'thread.history',
  'member.set',
  'message',
  'message.edit',
  'message.delete',
  'message.undelete',
  'reaction',
  'reference.set',
  'entry.set',
  'entry.remove',
  'document.create',
  'document.rename',
  'document.merge',
  'document.autosave',
  'attachment.add',
  'version.add',
  'call.start',
  'call.ring',
  'call.join',
  'call.decline',
  'call.miss',
  'call.leave',
  'call.lock',
  'call.end',
  'checkpoint',
];

interface Row {
  item: Item;
  text: string | null;
  mentions: readonly string[];
  mention_names: readonly string[];
  editedAt: number | null;
  deletedBy: string | null;
  undoUntil: number | null;
  reactions: { emoji: string; uid: string }[];
  references: Item['references'];
  reminder: boolean;
}

class Reference {
  readonly events: TimelineEvent[] = [];
  lastRead = 0;

  add(type: EventType, sender: string, data: unknown): TimelineEvent {
    const seq = this.events.length + 1;
    const event: TimelineEvent = { t: 'event', thread: THREAD, seq, type, sender, at: 1_000 * seq, data };
    this.events.push(event);
    return event;
  }

  /** The first seq that I may read. */
  visibleFrom(head = this.events.length): number {
    let history = 'all';
    let since = 0;
    for (const { type, data, seq } of this.events.slice(0, head)) {
      const said = data as Record<string, string>;
      if (type === 'thread.create' || type === 'thread.history') history = said['history']!;
      if (type === 'member.set' && said['uid'] === ME && since === 0) since = seq;
    }
    return history === 'joined' ? since : 0;
  }

  /** An event as it is sent to me. */
  told(event: TimelineEvent): TimelineEvent {
    return isHidden(event, this.visibleFrom(event.seq - 1)) ? { ...event, data: null } : event;
  }

  /** What is open, or all that I see. */
  entries(head: number, all = false): Entry[] {
    const known = new Map<string, { told: Entry; shown: readonly string[]; removed: boolean }>();
    for (const event of this.events.slice(0, head)) {
      if (event.type === 'entry.remove') known.get((event.data as EntryRemoveData).entry)!.removed = true;
      if (event.type !== 'entry.set') continue;
      const { entry, title, kind, state, shown = [], target, created_by, created_at } = event.data as EntrySetData;
      const first = { target: target ?? event.seq, created_by: created_by ?? event.sender, created_at: created_at ?? event.at };
      known.set(entry, { told: { entry, thread: THREAD, title, kind, state, ...first, seq: event.seq, set_by: event.sender, set_at: event.at } as Entry, shown, removed: false });
    }
    const from = this.visibleFrom(head);
    const seen = [...known.values()].filter((one) => !one.removed && (one.told.target >= from || one.shown.includes(ME)));
    return seen.map((one) => one.told).filter((one) => all || one.state === 'open');
  }

  /** What the hub answers at `head`. */
  fresh(head = this.events.length): ThreadState {
    const rows = this.#rows(head);
    const members = new Map<string, { role: Role | null; since: number }>();
    const documents: DocumentInfo[] = [];
    let subject = '';
    let history: 'all' | 'joined' = 'all';
    let updated = 0;
    let references: ThreadState['references'] = [];
    for (const event of this.events.slice(0, head)) {
      const data = event.data as Record<string, never>;
      if (event.type === 'thread.create') {
        subject = data['subject']!;
        history = data['history']!;
        updated = event.at;
      } else if (event.type === 'reference.set') {
        const said = event.data as ReferenceSetData;
        if (said.target === undefined) references = numbered(references, event, said);
      } else if (event.type === 'thread.rename') subject = data['subject']!;
      else if (event.type === 'thread.history') history = data['history']!;
      else if (event.type === 'message') updated = event.at;
      else if (event.type === 'member.set') {
        const before = members.get(data['uid']!);
        const since = before && before.role !== null ? before.since : event.seq;
        members.set(data['uid']!, { role: data['role']!, since });
      } else if (event.type === 'document.create') {
        const file = (data as { file?: DocumentInfo['file'] }).file;
        documents.push({ ...(data as unknown as DocumentInfo), file: file ? { attachment: file.attachment, number: file.number, format: file.format, encoding: file.encoding ?? null } : null, thread: THREAD, language: null, line_ends: 'lf', created_by: event.sender, created_at: event.at });
      } else if (event.type === 'document.rename') {
        const document = documents.find((one) => one.document === data['document']);
        if (document) document.title = data['title']!;
      } else if (event.type === 'attachment.add') {
        const { made } = data as { made?: MadeFile };
        const document = documents.find((one) => one.document === made?.document);
        if (document && made?.format) document.file = { attachment: data['attachment']!, number: 1, format: made.format, encoding: made.encoding ?? null };
      } else if (event.type === 'version.add' || event.type === 'document.merge') {
        const document = documents.find((one) => one.document === data['document']);
        if (document?.file) document.file = { ...document.file, number: data['number']!, encoding: data['encoding'] ?? document.file.encoding ?? null };
      }
    }
    const from = this.visibleFrom(head);
    const messages = [...rows.values()].filter((row) => row.item.type === 'message' && row.deletedBy === null && row.item.seq >= from);
    const unread = messages.filter((row) => row.item.seq > this.lastRead && row.item.sender !== ME);
    const calls = [...rows.values()].filter((row) => row.item.type === 'call.start').map((row) => row.item.data as Call);
    const missed = calls.filter((call) => call.people[ME]?.state === 'missed' && call.seq > this.lastRead && call.seq >= from);
    const last = messages.at(-1);
    const uids = [...members].filter(([, one]) => one.role !== null);
    return {
      summary: {
        thread: THREAD,
        subject,
        head,
        role: members.get(ME)?.role ?? 'reader',
        last_read: this.lastRead,
        unread: unread.length + missed.length,
        mentions: unread.filter((row) => row.mentions.includes(ME)).length,
        updated_at: updated,
        last_message: last
          ? { seq: last.item.seq, sender: last.item.sender, at: last.item.at, excerpt: excerpt(last.text ?? ''), files: 0 }
          : null,
        call: calls.find(isRunning) ?? null,
      },
      history,
      members: uids.map(([uid, one]) => ({ uid, display_name: uid, role: one.role as Role, since: one.since })),
      former_members: [...members]
        .filter(([, one]) => one.role === null)
        .map(([uid]) => ({ uid, display_name: uid, addresses: [], is_owner: false, disabled: false })),
      documents,
      references,
      entries: this.entries(head),
      more_entries: false,
    };
  }

  page(head = this.events.length, options: { before?: number; from?: number; limit?: number } = {}): HistoryPage {
    const { before = Infinity, from = 0, limit = Infinity } = options;
    const visible = this.visibleFrom(head);
    const told = (item: Item): Item => (isHidden(item, visible) ? { ...item, data: null } : item);
    const all = [...this.#rows(head).values()].map(itemOfRow).filter((item) => item.seq >= visible).map(told);
    const fitting = all.filter((item) => item.seq < before && item.seq >= from);
    const items = limit === Infinity ? fitting : fitting.slice(-limit);
    return { items, head, more: items.length > 0 && all[0] !== items[0], attachments: [], entries: this.entries(head, true) };
  }

  model(head = this.events.length, limit = Infinity): RoomModel {
    return createModel(ME, this.fresh(head), this.page(head, { limit }));
  }

  #rows(head: number): Map<number, Row> {
    const rows = new Map<number, Row>();
    for (const event of this.events.slice(0, head)) this.#project(rows, event);
    return rows;
  }

  #project(rows: Map<number, Row>, event: TimelineEvent): void {
    const data = (event.data ?? {}) as Record<string, never>;
    const found = rows.get(data['target']!);
    const row = found?.item.type === 'message' ? found : undefined;
    const touch = (one: Row): void => void (one.item = { ...one.item, version: event.seq });
    switch (event.type) {
      case 'message.edit': {
        if (!row || row.deletedBy !== null || row.item.sender !== event.sender) return;
        row.text = data['text']!;
        row.mentions = data['mentions'] ?? [];
        row.mention_names = data['mention_names'] ?? [];
        row.editedAt = event.at;
        const found = (data['references'] ?? []) as MessageReference[];
        row.references = row.references.filter((one) => !one.rule || found.some(({ id }) => id === one.id));
        for (const one of found) row.references = ruled(row.references, event, one);
        return touch(row);
      }
      case 'message.delete':
        if (!row || row.deletedBy !== null) return;
        row.deletedBy = event.sender;
        row.undoUntil = event.at + 90_000;
        return touch(row);
      case 'message.undelete':
        if (!row || row.deletedBy !== event.sender) return;
        row.deletedBy = row.undoUntil = null;
        return touch(row);
      case 'reaction': {
        if (!row || row.deletedBy !== null) return;
        const mine = (one: { emoji: string; uid: string }): boolean => one.emoji === data['emoji'] && one.uid === event.sender;
        if (!data['on']) row.reactions = row.reactions.filter((one) => !mine(one));
        else if (!row.reactions.some(mine)) row.reactions.push({ emoji: data['emoji']!, uid: event.sender });
        return touch(row);
      }
      case 'reference.set': {
        const said = event.data as ReferenceSetData;
        if (said.target !== undefined) {
          if (!row || row.deletedBy !== null) return;
          row.references = numbered(row.references, event, said);
          return touch(row);
        }
        if (said.on || said.was) rows.set(event.seq, line(event));
        return;
      }
      case 'checkpoint':
        return;
      case 'call.ring':
      case 'call.join':
      case 'call.decline':
      case 'call.miss':
      case 'call.leave':
      case 'call.lock':
      case 'call.end': {
        if (found?.item.type !== 'call.start') return;
        const call = after(found.item.data as Call, event);
        if (call !== found.item.data) found.item = { ...found.item, data: call, version: event.seq };
        return;
      }
      default:
        if (event.type === 'attachment.add' && data['made'] === undefined) return;
        if (event.type === 'version.add' && ((data['document'] === undefined && data['made'] === undefined) || data['same'])) return;
        rows.set(event.seq, line(event));
    }
  }
}

function line(event: TimelineEvent): Row {
  const data = (event.data ?? {}) as Record<string, never>;
  const isMessage = event.type === 'message';
  const references = ((data['references'] ?? []) as MessageReference[]).reduce<Item['references']>((list, one) => ruled(list, event, one), []);
  return {
    item: {
      seq: event.seq, type: event.type, sender: event.sender, at: event.at, version: event.seq,
      data: isMessage ? null : event.type === 'call.start' ? begun(event) : event.type === 'entry.set' ? inWords(event.data as EntrySetData) : event.data, text: null,
      reply_to: data['reply_to'] ?? null, mentions: [], mention_names: [], files: [], references: [], reminder: false, reactions: [],
      edited_at: null, deleted: false, deleted_by: null, undo_until: null,
    },
    text: isMessage ? data['text']! : null,
    mentions: data['mentions'] ?? [],
    mention_names: data['mention_names'] ?? [],
    editedAt: null, deletedBy: null, undoUntil: null, reactions: [], references, reminder: data['reminder'] ?? false,
  };
}

/** What the history says of a task or meeting. */
function inWords({ entry, kind, did, title, target, shown }: EntrySetData): unknown {
  return { entry, kind, did, title, ...(target === undefined ? {} : { target }), shown };
}

function isHidden({ type, data }: Pick<TimelineEvent, 'type' | 'data'>, from: number): boolean {
  const { target, shown } = (data ?? {}) as { target?: number; shown?: readonly string[] };
  return type !== 'message' && !type.startsWith('call.') && target !== undefined && target < from && !shown?.includes(ME);
}

const numberOf = (number: number): MessageReference => ({ id: `case:c-${number}:`, kind: 'case', number: `C-${number}` });

/** Numbers after one was set. */
function numbered(list: Item['references'], { sender, at }: TimelineEvent, { id, kind, number, whose = '', matter, on }: ReferenceSetData): Item['references'] {
  if (!on) return list.filter((one) => one.id !== id);
  if (list.some((one) => one.id === id)) return list.map((one) => (one.id === id ? { ...one, number, whose, matter, rule: false } : one));
  return [...list, { id, kind, number, whose, matter, set_by: sender, set_at: at, rule: false }];
}

function ruled(list: Item['references'], { sender, at }: TimelineEvent, { id, kind, number }: MessageReference): Item['references'] {
  return list.some((one) => one.id === id) ? list : [...list, { id, kind, number, whose: '', matter: id, set_by: sender, set_at: at, rule: true }];
}

function itemOfRow(row: Row): Item {
  if (row.deletedBy !== null) {
    return { ...row.item, deleted: true, deleted_by: row.deletedBy, undo_until: row.undoUntil };
  }
  const emoji = [...new Set(row.reactions.map((one) => one.emoji))];
  return {
    ...row.item,
    text: row.text,
    mentions: row.mentions,
    mention_names: row.mention_names,
    edited_at: row.editedAt,
    references: row.references,
    reminder: row.reminder,
    reactions: emoji.map((one) => ({
      emoji: one,
      uids: row.reactions.filter((reaction) => reaction.emoji === one).map((reaction) => reaction.uid),
    })),
  };
}

/** Small, seeded, good enough. */
function randomness(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomHistory(seed: number, length: number): Reference {
  const below = randomness(seed);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const reference = new Reference();
  reference.add('thread.create', PEOPLE[1]!, { subject: 'First', history: 'all' });
  reference.add('member.set', PEOPLE[1]!, { uid: PEOPLE[1], role: 'owner' });
  for (const word of ['before', 'my', 'time']) reference.add('message', PEOPLE[1]!, { text: word, mentions: [] });
  reference.add('member.set', PEOPLE[1]!, { uid: ME, role: 'owner' });
  const target = (): number => {
    const messages = reference.events.filter((one) => one.type === 'message');
    return messages.length > 0 ? pick(messages).seq : 1;
  };
  const about = (): { call: string; target: number } => {
    const start = reference.events.filter((one) => one.type === 'call.start').at(-1);
    return { call: (start?.data as { call: string } | undefined)?.call ?? '', target: start?.seq ?? 1 };
  };
  while (reference.events.length < length) {
    const calls = reference.events.filter((one) => one.type.startsWith('call.'));
    const running = isRunning(calls.reduce<Call | null>((call, one) => (one.type === 'call.start' ? begun(one) : call && after(call, one)), null));
    const planned = reference.events.some((one) => one.type === 'entry.set');
    const fitting = ALL.slice(1).filter((one) => (one === 'entry.remove' ? planned : !one.startsWith('call.') || (one === 'call.start') !== running));
    const type = pick<EventType>([...fitting, 'message', 'message', 'message', 'reaction', 'message.delete', 'message.undelete']);
    const sender = pick(PEOPLE);
    const mentions = below(3) === 0 ? [ME] : [];
    const number = reference.events.length;
    const entry = `e_${below(4)}`;
    const bodies: Partial<Record<EventType, () => unknown>> = {
      'thread.rename': () => ({ subject: `Subject ${number}` }),
      'thread.history': () => ({ history: pick(['all', 'joined']) }),
      'member.set': () => ({ uid: pick(PEOPLE.slice(1)), role: pick(['owner', 'editor', 'reader', null]) }),
      message: () => ({ text: `text ${number}`, mentions, mention_names: mentions.map(() => `Me ${number}`), ...(below(3) === 0 ? { references: [numberOf(below(3))] } : {}), ...(below(4) === 0 ? { reply_to: target() } : {}), ...(below(6) === 0 ? { reminder: true } : {}) }),
      'message.edit': () => ({ target: target(), text: `edited ${number}`, mentions, ...(below(3) === 0 ? { references: [numberOf(below(3))] } : {}), mention_names: mentions.map(() => `Me ${number}`) }),
      'message.delete': () => ({ target: target(), undo_s: 90 }),
      'message.undelete': () => ({ target: target() }),
      'reference.set': () => ({ ...numberOf(below(3)), matter: 'case:c-0:', on: below(3) > 0, was: below(2) > 0, ...(below(2) > 0 ? { target: target() } : {}) }),
      'entry.set': () => {
        const before = reference.events.filter((one) => one.type === 'entry.set' && (one.data as EntrySetData).entry === entry);
        const [first, last] = [before[0], before.at(-1)?.data as EntrySetData | undefined];
        const shown = [...new Set([...(last?.shown ?? []), pick(PEOPLE)])];
        const made = first ? { target: first.seq, created_by: first.sender, created_at: first.at } : {};
        return { entry, kind: 'task', title: `Task ${number}`, state: pick(['open', 'open', 'done', 'cancelled']), did: first ? 'changed' : 'added', shown, ...made };
      },
      'entry.remove': () => {
        const before = reference.events.filter((one) => one.type === 'entry.set');
        const { entry: gone, title, shown } = pick(before).data as EntrySetData;
        const made = before.find((one) => (one.data as EntrySetData).entry === gone)!;
        return { entry: gone, kind: 'task', title, target: made.seq, undo_s: 60, shown };
      },
      reaction: () => ({ target: target(), emoji: pick(['👍', '🎉', '❤️']), on: below(3) > 0 }),
      'document.create': () => ({ document: `d_${number}`, number, kind: 'rich', title: `Doc ${number}`, schema_version: 1, lineage: `y_${number}`, ...(below(2) === 0 ? { file: { attachment: 'a_1', number: 1, format: 'text', saved: 2 } } : {}) }),
      'document.rename': () => ({ document: `d_${below(length)}`, title: `Renamed ${number}` }),
      'document.autosave': () => ({ document: 'd_1', attachment: 'a_1', on: below(2) === 0 }),
      'document.merge': () => ({ document: `d_${below(length)}`, attachment: 'a_1', version: number, number, take: 'all', changes: 2, saved: number, ...(below(4) === 0 ? { encoding: 'utf-8' } : {}) }),
      'attachment.add': () => ({ attachment: `a_${number}`, key: `f_${number}`, name: 'a.docx', size: 1, type: '', blob: 'b_1', ...(below(4) > 0 ? { made: { document: `d_${below(length)}`, saved: 1, authors: [ME], ...(below(2) === 0 ? { format: 'docx' } : {}) } } : {}) }),
      'version.add': () => ({ ...(below(5) === 0 ? { made: { document: `d_${below(length)}`, saved: 1, authors: [ME] } } : {}), attachment: 'a_1', key: `f_${number}`, name: 'a.txt', size: 1, type: '', blob: 'b_1', number, same: below(3) === 0, authors: [ME], saved: number, ...(below(4) > 0 ? { document: `d_${below(length)}` } : {}), ...(below(4) === 0 ? { encoding: 'utf-8' } : {}) }),
      'call.start': () => ({ call: `k_${number}`, device: 'd', ring: [ME, PEOPLE[2]] }),
      'call.ring': () => ({ ...about(), ring: [pick(PEOPLE)] }),
      'call.join': () => ({ ...about(), device: pick(['d', 'e']) }),
      'call.decline': about,
      'call.miss': () => ({ ...about(), uids: [ME, pick(PEOPLE)] }),
      'call.leave': () => ({ ...about(), uid: pick(PEOPLE), until: 1_000 * number, reason: pick(['left', 'lost', 'removed']) }),
      'call.lock': () => ({ ...about(), locked: below(2) === 0 }),
      'call.end': () => ({ ...about(), until: 1_000 * number }),
      checkpoint: () => ({ documents: [] }),
    };
    const data = bodies[type]!() as Record<string, unknown>;
    // The hub writes no edit of somebody else's message: make most of them by its author.
    const author = reference.events.find((one) => one.seq === data['target'])?.sender;
    const by = type === 'message.edit' && author && below(4) > 0 ? author : sender;
    reference.add(type, by, 'target' in data && author && !type.startsWith('entry.') ? { ...data, target_sender: author } : data);
  }
  return reference;
}

/** What two views of one thread must share. */
function view(state: ThreadState, items: readonly Item[]) {
  const sorted = (page: HistoryPage): readonly Item[] => createModel(ME, state, page).items;
  return {
    summary: state.summary,
    history: state.history,
    members: state.members.toSorted((a, b) => (a.uid < b.uid ? -1 : 1)),
    former: state.former_members.map((one) => one.uid).toSorted(),
    documents: state.documents,
    items: sorted({ items, head: 0, more: false, attachments: [], entries: [] }),
  };
}

function byId(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => (a.entry < b.entry ? -1 : 1));
}

function open(model: RoomModel): Entry[] {
  return byId([...model.entries.values()].filter(isOpen));
}

/** `whole`: everything that may be seen is loaded, always. */
function follow(reference: Reference, model: RoomModel, whole = false): RoomModel {
  let current = model;
  for (const event of reference.events.filter((one) => one.seq > headOf(model))) {
    current = apply(current, reference.told(event));
    if (whole && current.hasOlder) {
      const older = reference.page(event.seq, { before: current.items[0]?.seq ?? 0 });
      current = mergePage(current, older, 'older', []);
    }
    // The store would ask the hub; the hub answers with what is true now.
    if (current.stale.items.length > 0) {
      const page = reference.page(event.seq);
      current = refreshItems(current, page.items.filter((item) => current.stale.items.includes(item.seq)));
    }
    if (current.stale.summary) {
      const state = reference.fresh(event.seq);
      current = withOpenEntries(withSummary(current, state.summary), state);
    }
    current = settled(current);
  }
  return current;
}

describe('state at t0 + events == fresh state', () => {
  test.each([...Array(12).keys()])('history %i, from every moment', (seed) => {
    const reference = randomHistory(seed + 1, 60);
    reference.lastRead = (seed * 7) % 40;
    const fresh = view(reference.fresh(), reference.page().items);
    for (let start = 6; start <= 60; start++) {
      const model = follow(reference, reference.model(start), true);
      expect(view(model.state, model.items), `from ${start}`).toEqual(fresh);
      expect(open(model), `from ${start}`).toEqual(byId(reference.fresh().entries));
    }
  });

  test.each([...Array(8).keys()])('history %i, seen through a small window', (seed) => {
    const reference = randomHistory(seed + 100, 80);
    for (let start = 20; start <= 80; start += 7) {
      const model = follow(reference, reference.model(start, 5));
      const from = model.items[0]?.seq ?? 0;
      const fresh = view(reference.fresh(), reference.page(80, { from }).items);
      expect(view(model.state, model.items), `from ${start}`).toEqual(fresh);
    }
  });

  test('the random histories hold every kind of event', () => {
    const kinds = new Set([...Array(12).keys()].flatMap((seed) => randomHistory(seed + 1, 60).events.map((one) => one.type)));
    expect([...kinds].toSorted()).toEqual(ALL.toSorted());
  });

  test.each([...Array(6).keys()])('history %i, when state and page are of different moments', (seed) => {
    const reference = randomHistory(seed + 40, 60);
    for (const [stateAt, pageAt] of [[20, 35], [35, 20]] as const) {
      const model = follow(reference, createModel(ME, reference.fresh(stateAt), reference.page(pageAt)), true);
      expect(view(model.state, model.items)).toEqual(view(reference.fresh(), reference.page().items));
      expect(open(model)).toEqual(byId(reference.fresh().entries));
    }
  });
});

test('an event applied twice changes nothing', () => {
  const reference = randomHistory(3, 40);
  const model = reference.model();
  for (const event of reference.events) expect(apply(model, event)).toBe(model);
});

test('everything is frozen, and untouched items are the same objects', () => {
  const reference = randomHistory(5, 40);
  const before = reference.model();
  const after = apply(before, reference.add('message', 'u_ann', { text: 'new' }));
  expect(Object.isFrozen(after) && Object.isFrozen(after.items) && Object.isFrozen(after.items[0])).toBe(true);
  expect(after.items.slice(0, -1).every((item, index) => item === before.items[index])).toBe(true);
  expect(after.items.at(-1)?.text).toBe('new');
});

test.each([...Array(6).keys()])('pages fit together whatever happens meanwhile: history %i', (seed) => {
  const reference = randomHistory(seed + 60, 120);
  const below = randomness(seed + 1);
  let model = reference.model(60, 8);
  let head = 60;
  while (model.hasOlder) {
    const before = model.items[0]!.seq;
    // The page is read at some moment between asking and the last event that came meanwhile.
    const asked = head;
    head = Math.min(120, head + below(12));
    const pageAt = asked + below(head - asked + 1);
    const meanwhile = reference.events.slice(asked, head);
    for (const event of meanwhile) {
      model = apply(model, event);
      const missing = model.stale.items;
      model = settled(refreshItems(model, reference.page(event.seq).items.filter((item) => missing.includes(item.seq))));
    }
    model = mergePage(model, reference.page(pageAt, { before, limit: 10 }), 'older', meanwhile);
    // A deletion taken back shows a text that only the hub knows.
    const lost = model.stale.items;
    model = settled(refreshItems(model, reference.page(head).items.filter((item) => lost.includes(item.seq))));
  }
  expect(view(reference.fresh(), model.items).items).toEqual(view(reference.fresh(), reference.page(head).items).items);
});

test('a window in the past takes no new lines until it reaches the end', () => {
  const reference = new Reference();
  reference.add('thread.create', ME, { subject: 'S', history: 'all' });
  for (let index = 0; index < 40; index++) reference.add('message', 'u_ann', { text: `m${index}` });
  let model = reference.model(41, 5);
  model = mergePage(model, reference.page(41, { before: 15, limit: 8 }), 'window', []);
  expect(model.hasNewer).toBe(true);
  const event = reference.add('message', 'u_ann', { text: 'live' });
  model = apply(model, event);
  expect(model.items.at(-1)?.seq).toBe(14);
  expect(model.state.summary.last_message?.excerpt).toBe('live');
  model = mergePage(model, reference.page(42, { from: 15 }), 'newer', [], true);
  expect(model.hasNewer).toBe(false);
  expect(model.items.map((item) => item.seq)).toEqual([...Array(36).keys()].map((index) => index + 7));
});

test('a newer page that is older than what arrived meanwhile gets the rest', () => {
  const reference = new Reference();
  reference.add('thread.create', ME, { subject: 'S', history: 'all' });
  for (let index = 0; index < 20; index++) reference.add('message', 'u_ann', { text: `m${index}` });
  let model = mergePage(reference.model(21, 5), reference.page(21, { before: 10, limit: 5 }), 'window', []);
  const meanwhile = [
    reference.add('message', 'u_ann', { text: 'late' }),
    reference.add('message.edit', 'u_ann', { target: 12, text: 'changed' }),
    reference.add('reaction', 'u_bob', { target: 22, emoji: '👍', on: true }),
  ];
  for (const event of meanwhile) model = apply(model, event);
  model = mergePage(model, reference.page(21, { from: 10 }), 'newer', meanwhile, true);
  expect(itemAt(model, 22)).toMatchObject({ text: 'late', reactions: [{ emoji: '👍', uids: ['u_bob'] }] });
  expect(itemAt(model, 12)?.text).toBe('changed');
});

test('a deleted text is not kept in the item, and comes back when the deletion is taken back', () => {
  const reference = new Reference();
  reference.add('thread.create', ME, { subject: 'S', history: 'all' });
  reference.add('message', 'u_ann', { text: 'secret' });
  let model = reference.model();
  model = apply(model, reference.add('message.delete', 'u_ann', { target: 2, target_sender: 'u_ann', undo_s: 90 }));
  expect(itemAt(model, 2)).toMatchObject({ text: null, deleted: true, deleted_by: 'u_ann', undo_until: 3_000 + 90_000 });
  model = apply(model, reference.add('message.undelete', 'u_ann', { target: 2, target_sender: 'u_ann' }));
  expect(itemAt(model, 2)).toMatchObject({ text: 'secret', deleted: false, version: 4 });
});

test('a text that was never known is asked for', () => {
  const reference = new Reference();
  reference.add('thread.create', ME, { subject: 'S', history: 'all' });
  reference.add('message', 'u_ann', { text: 'secret' });
  reference.add('message.delete', 'u_ann', { target: 2, target_sender: 'u_ann', undo_s: 90 });
  const model = apply(reference.model(), reference.add('message.undelete', 'u_ann', { target: 2, target_sender: 'u_ann' }));
  expect(model.stale.items).toEqual([2]);
});

test('events whose body was erased change nothing but the head', () => {
  const reference = randomHistory(9, 30);
  const model = reference.model();
  const next = apply(model, { ...reference.add('message.edit', 'u_ann', null), data: null });
  expect(next.items).toBe(model.items);
  expect(headOf(next)).toBe(headOf(model) + 1);
});

test('read marks count from the loaded items', () => {
  const reference = new Reference();
  reference.add('thread.create', ME, { subject: 'S', history: 'all' });
  for (let index = 0; index < 6; index++) reference.add('message', 'u_ann', { text: 'x', mentions: [ME] });
  let model = reference.model();
  expect(model.state.summary).toMatchObject({ unread: 6, mentions: 6 });
  model = applyLocalRead(model, 5);
  expect(model.state.summary).toMatchObject({ last_read: 5, unread: 2, mentions: 2 });
  model = apply(model, reference.add('message', 'u_ann', { text: 'y' }));
  // The hub counted before the last message.
  model = applyRead(model, { seq: 5, unread: 2, mentions: 2 });
  expect(model.state.summary).toMatchObject({ last_read: 5, unread: 3, mentions: 2 });
  model = applyLocalRead(model, 0);
  expect(model.state.summary.unread).toBe(7);
});

describe('a row of the inbox alone', () => {
  const reference = new Reference();
  reference.add('thread.create', ME, { subject: 'S', history: 'all' });
  reference.add('message', 'u_ann', { text: 'one' });
  const row = reference.fresh().summary;

  test('counts messages and mentions of others', () => {
    const event = reference.add('message', 'u_ann', { text: 'two', mentions: [ME] });
    expect(applyToSummary(row, event, ME)).toMatchObject({
      stale: false,
      summary: { unread: 2, mentions: 1, head: 3, last_message: { excerpt: 'two' } },
    });
    expect(applyToSummary(row, { ...event, sender: ME }, ME).summary.unread).toBe(1);
  });

  test.each(['message.delete', 'message.undelete'] as const)('asks after %s of what it counts', (type) => {
    const event: TimelineEvent = { t: 'event', thread: THREAD, seq: 3, type, sender: 'u_ann', at: 0, data: { target: 2, target_sender: 'u_ann' } };
    expect(applyToSummary(row, event, ME).stale).toBe(true);
    const read = { ...row, last_read: 2, last_message: { ...row.last_message!, seq: 3 } };
    expect(applyToSummary(read, event, ME).stale).toBe(false);
  });
});
