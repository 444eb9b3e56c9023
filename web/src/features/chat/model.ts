/**
 * What the history shows, without drawing it: rows, groups, the unread line, mentions, words. Pure.
 */
import { callWords } from '../../calls/words';
import { isolated } from '../../lib/text';
import { sameDay } from '../../lib/time';
import { valueWords } from '../../lib/values';
import { isUnread, type PendingMessage } from '../../state';
import type { Answer, AttachmentAddData, AttachmentPropertyData, AttachmentRenameData, AttachmentRestoreData, Call, DocumentAutosaveData, DocumentCreateData, DocumentMergeData, EntryLine, EntryRemoveData, Item, MemberSetData, ReferenceSetData, Role, ThreadCreateData, ThreadHistoryData, VersionAddData, VersionBlockedData } from '../../wire/generated';

/** Messages of one person within this time stand together. */
const GROUP_MS = 5 * 60_000;

export interface ItemRow {
  readonly kind: 'item';
  readonly key: string;
  readonly item: Item;
  /** Begins a day. */
  readonly day: boolean;
  /** The "New" line stands above it. */
  readonly fresh: boolean;
  /** Shows who speaks and when; the rows after it may leave that out. */
  readonly head: boolean;
}

export interface PendingRow {
  readonly kind: 'pending';
  readonly key: string;
  readonly message: PendingMessage;
  readonly head: boolean;
}

export type Row = ItemRow | PendingRow;

/**
 * The rows of the history.
 *
 * @param line everything above this seq is new; null without a line.
 * @param before the rows of last time: those that did not change stay the same objects.
 */
export function rowsOf(
  items: readonly Item[],
  pending: readonly PendingMessage[],
  me: string,
  line: number | null,
  before: readonly Row[] = [],
): Row[] {
  const known = new Map(before.map((row) => [row.key, row]));
  const first = line === null ? null : firstUnread(items, line, me);
  const rows: Row[] = items.map((item, index) => {
    const previous = items[index - 1];
    const day = !previous || !sameDay(previous.at, item.at);
    const fresh = item.seq === first;
    const row: ItemRow = { kind: 'item', key: `i${item.seq}`, item, day, fresh, head: day || fresh || !follows(previous, item) };
    const old = known.get(row.key);
    const same = old?.kind === 'item' && old.item === item && old.day === day && old.fresh === fresh && old.head === row.head;
    return same ? old : row;
  });
  let sender = items.at(-1)?.type === 'message' ? items.at(-1)?.sender : undefined;
  for (const message of pending) {
    const head = sender !== me;
    sender = me;
    const old = known.get(`p${message.sendId}`);
    const same = old?.kind === 'pending' && old.message === message && old.head === head;
    rows.push(same ? old : { kind: 'pending', key: `p${message.sendId}`, message, head });
  }
  return rows;
}

/** Whether a message goes on with what the one before it began. */
export function follows(previous: Item | undefined, item: Item): boolean {
  if (previous?.type !== 'message' || item.type !== 'message') return false;
  if (previous.sender !== item.sender || previous.deleted || item.deleted || item.reply_to !== null) return false;
  return item.at - previous.at < GROUP_MS;
}

/** The seq of the first message of others after `line`. */
export function firstUnread(items: readonly Item[], line: number, me: string): number | null {
  return items.find((item) => item.seq > line && isUnread(item, me))?.seq ?? null;
}

export { isUnread };

/** True when `next` is `before` with rows put in front: the list must then be held from its end. */
export function isPrepended(before: readonly Row[], next: readonly Row[]): boolean {
  const first = before.find((row) => row.kind === 'item');
  if (!first || next.length <= before.length || next[0]?.key === first.key) return false;
  return next.some((row) => row.key === first.key);
}

// --- replies --------------------------------------------------------------------------------------

/** Replies are of depth one: to answer a reply is to answer what it answers. */
export function replyTarget(item: Item): number {
  return item.reply_to ?? item.seq;
}

// --- mentions -------------------------------------------------------------------------------------

export interface Person {
  readonly uid: string;
  readonly name: string;
}

export interface MentionQuery {
  /** Where the @ stands. */
  readonly start: number;
  readonly end: number;
  readonly query: string;
}

const QUERY = /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}._'-]{0,40}(?: [\p{L}\p{N}._'-]{1,40})?)$/u;
const WORD = /[\p{L}\p{N}_]/u;

/** The name somebody is typing after an @ that ends at the caret. */
export function mentionQuery(text: string, caret: number): MentionQuery | null {
  const found = QUERY.exec(text.slice(Math.max(0, caret - 90), caret));
  const query = found?.[1];
  if (query === undefined) return null;
  return { start: caret - query.length - 1, end: caret, query };
}

/** Who fits a query: names that begin with it first, then those with a word that does. */
export function matching(people: readonly Person[], query: string, limit = 8): Person[] {
  const wanted = query.toLocaleLowerCase();
  const rank = (person: Person): number => {
    const name = person.name.toLocaleLowerCase();
    if (name.startsWith(wanted)) return 0;
    return name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((one) => one.rank < 2)
    .sort((a, b) => a.rank - b.rank || a.person.name.localeCompare(b.person.name))
    .slice(0, limit)
    .map((one) => one.person);
}

/** The text with the name in place of the query, and where the caret goes. */
export function withMention(text: string, query: MentionQuery, name: string): { text: string; caret: number } {
  const after = text.slice(query.end);
  const inserted = `@${name}${/^\s/.test(after) ? '' : ' '}`;
  const caret = query.start + inserted.length + (/^\s/.test(after) ? 1 : 0);
  return { text: text.slice(0, query.start) + inserted + after, caret };
}

/** The uids of those a text names as "@Name". */
export function mentionsIn(text: string, people: readonly Person[]): string[] {
  const named = people.filter((one) => one.name !== '').sort((a, b) => b.name.length - a.name.length);
  const found = new Set<string>();
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (WORD.test(text[at - 1] ?? '')) continue;
    const one = named.find(({ name }) => text.startsWith(name, at + 1) && !WORD.test(text[at + 1 + name.length] ?? ''));
    if (one) found.add(one.uid);
  }
  return [...found];
}

/** The names by which a message calls those it mentions: as they were then, or are now. */
export function namedIn(item: Pick<Item, 'mentions' | 'mention_names'>, nameOf: (uid: string) => string): Person[] {
  return item.mentions.flatMap((uid, index) => {
    const then = item.mention_names[index];
    const now = { uid, name: nameOf(uid) };
    return then && then !== now.name ? [{ uid, name: then }, now] : [now];
  });
}

// --- words ----------------------------------------------------------------------------------------

export const ROLE_WORDS: Record<Role, string> = { owner: 'owner', editor: 'editor', reader: 'reader' };

/**
 * A system line in words.
 *
 * @param since the seq a member joined at: tells joining from a change of role where the event, of
 *   an earlier hub, does not.
 */
export function systemWords(item: Item, nameOf: (uid: string) => string, since: (uid: string) => number | undefined, me = '', now = Date.now()): string {
  const who = nameOf(item.sender);
  const data: unknown = item.data;
  switch (item.type) {
    case 'thread.create':
      return `${who} began the thread “${isolated((data as ThreadCreateData | null)?.subject ?? '')}”`;
    case 'thread.rename':
      return `${who} renamed the thread to “${isolated((data as ThreadCreateData | null)?.subject ?? '')}”`;
    case 'thread.history':
      return (data as ThreadHistoryData | null)?.history === 'all'
        ? `${who} lets newcomers read everything`
        : `${who} lets newcomers read only what comes after they join`;
    case 'member.set':
      return memberWords(item, data as MemberSetData | null, nameOf, since);
    case 'document.create':
      if ((data as DocumentCreateData | null)?.file) return `${who} opened “${isolated((data as DocumentCreateData).title)}” to edit it together`;
      return `${who} created the document “${isolated((data as { title?: string } | null)?.title ?? '')}”`;
    case 'document.rename':
      return `${who} renamed a document to “${isolated((data as { title?: string } | null)?.title ?? '')}”`;
    case 'attachment.rename':
      return data ? `${who} renamed a file to “${isolated((data as AttachmentRenameData).name)}”` : `${who} renamed a file`;
    case 'attachment.remove':
      return `${who} removed a file`;
    case 'attachment.unremove':
      return `${who} brought a file back`;
    case 'attachment.restore':
      return data ? `${who} went back to version ${(data as AttachmentRestoreData).number} of a file` : `${who} went back to another version of a file`;
    case 'attachment.property': {
      const said = data as AttachmentPropertyData | null;
      if (!said) return `${who} changed a property of a file`;
      if (!said.property) return `${who} removed “${isolated(said.key)}” of a file`;
      return `${who} set “${isolated(said.key)}” of a file to ${isolated(valueWords(said.property))}`;
    }
    case 'reference.set': {
      const said = data as ReferenceSetData | null;
      if (!said) return `${who} changed the numbers of the thread`;
      const number = `${isolated(said.number)}${said.whose ? ` of ${isolated(said.whose)}` : ''}`;
      if (!said.on) return `${who} took the number ${number} away`;
      return said.was ? `${who} changed the number ${number}` : `${who} put the number ${number} on the thread${said.rule ? ', by a rule of the hub' : ''}`;
    }
    case 'entry.set':
      return data ? entryWords(who, data as EntryLine) : `${who} changed a task or a meeting`;
    case 'entry.remove': {
      const said = data as EntryRemoveData | null;
      return said ? `${who} removed the ${said.kind === 'task' ? 'task' : 'meeting'} “${isolated(said.title)}”` : `${who} removed a task or a meeting`;
    }
    case 'call.start':
      return data ? callWords(data as Call, me, nameOf, now) : `${who} called`;
    case 'document.merge':
      return data ? mergedWords(who, data as DocumentMergeData) : `${who} changed a document`;
    case 'document.autosave':
      return (data as DocumentAutosaveData | null)?.on ? `${who} has a document save itself after each pause` : `${who} has a document not save itself any more`;
    case 'attachment.add':
      return data ? attachedWords(item.sender, data as AttachmentAddData, nameOf) : `${who} saved a document as a file`;
    case 'version.add':
      return data ? savedWords(item.sender, data as VersionAddData, nameOf) : `${who} saved a file`;
    case 'version.blocked':
      return data
        ? `A scanner found malware in a file of ${who} (${isolated((data as VersionBlockedData).finding)}): nobody gets it any more`
        : `A scanner found malware in a file of ${who}`;
    case 'version.unblocked':
      return `A scanner looked at a file of ${who} again and found nothing`;
    default:
      return `${who} did something this version of the client does not know`;
  }
}

/** The version of a file that a line tells of; null when it tells of none that could be shown. */
export function fileOf({ type, data }: Item): { attachment: string; name: string; version: number | null } | null {
  if (data == null || (type !== 'version.add' && type !== 'attachment.add')) return null;
  const { attachment, name, number } = data as Partial<VersionAddData>;
  return attachment === undefined || name === undefined ? null : { attachment, name, version: number ?? null };
}

const ANSWER_WORDS: Record<Answer, string> = {
  accepted: 'comes to',
  declined: 'does not come to',
  tentative: 'may come to',
  none: 'has not decided about',
};

/** What happened to a task or a meeting. */
function entryWords(who: string, { kind, did, title, answer }: EntryLine): string {
  const what = `${kind === 'task' ? 'the task' : 'the meeting'} “${isolated(title)}”`;
  switch (did) {
    case 'added':
      return kind === 'task' ? `${who} made ${what}` : `${who} planned ${what}`;
    case 'finished':
      return `${who} finished ${what}`;
    case 'reopened':
      return `${who} opened ${what} again`;
    case 'moved':
      return `${who} moved ${what}`;
    case 'answered':
      return `${who} ${ANSWER_WORDS[answer ?? 'none']} ${what}`;
    case 'proposed':
      return `${who} proposed another time for ${what}`;
    case 'blocked':
      return `${who} says that ${what} is blocked`;
    case 'unblocked':
      return `${who} says that ${what} is blocked no more`;
    case 'cancelled':
      return `${who} cancelled ${what}`;
    case 'restored':
    case 'brought_back':
      return `${who} brought ${what} back`;
    case 'skipped':
      return `${who} left one day out of ${what}`;
    default:
      return `${who} changed ${what}`;
  }
}

function mergedWords(who: string, { version, take, changes, base, encoding }: DocumentMergeData): string {
  if (encoding != null && base == null && take !== 'none') return `${who} had the file read in another encoding`;
  const what = changes === 1 ? '1 change' : `${changes} changes`;
  if (take === 'none') return changes > 0 ? `${who} took ${what} of version ${version} out of the document again` : `${who} left version ${version} beside the document`;
  const stands = take === 'ours' ? '; where both had changed the same, the document stands' : take === 'theirs' ? '; where both had changed the same, that version stands' : '';
  return changes > 0 ? `${what} came into the document from version ${version} by ${who}${stands}` : `The document goes on from version ${version} by ${who}`;
}

function savedWords(sender: string, data: VersionAddData, nameOf: (uid: string) => string): string {
  const authors = data.made?.authors ?? data.authors ?? [];
  return `${nameOf(sender)} saved version ${data.number} of “${isolated(data.name)}”${changesWords(sender, authors, 'changes', nameOf)}`;
}

function attachedWords(sender: string, data: AttachmentAddData, nameOf: (uid: string) => string): string {
  return `${nameOf(sender)} saved a document as “${isolated(data.name)}”${changesWords(sender, data.made?.authors ?? [], 'words', nameOf)}`;
}

/** Whose changes, or words, come with what somebody saved. */
function changesWords(sender: string, authors: readonly string[], what: string, nameOf: (uid: string) => string): string {
  const others = authors.filter((uid) => uid !== sender).map(nameOf);
  const names = others.length > 1 ? `${others.slice(0, -1).join(', ')} and ${others.at(-1)}` : (others[0] ?? '');
  if (names === '') return '';
  return others.length < authors.length ? `, also with ${what} by ${names}` : `, with ${what} by ${names}`;
}

function memberWords(
  item: Item,
  data: MemberSetData | null,
  nameOf: (uid: string) => string,
  since: (uid: string) => number | undefined,
): string {
  const who = nameOf(item.sender);
  if (!data) return `${who} changed the members`;
  const self = data.uid === item.sender;
  if (data.role === null) return self ? `${who} left` : `${who} removed ${nameOf(data.uid)}`;
  const a = data.role === 'reader' ? 'a' : 'an';
  const joined = data.was === undefined ? since(data.uid) === item.seq : data.was === null;
  if (self) return joined ? `${who} joined` : `${who} is now ${a} ${ROLE_WORDS[data.role]}`;
  return joined
    ? `${who} added ${nameOf(data.uid)} as ${ROLE_WORDS[data.role]}`
    : `${who} made ${nameOf(data.uid)} ${a} ${ROLE_WORDS[data.role]}`;
}

/** "Ada is typing…" */
export function typingWords(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing…`;
  return names.length === 2 ? `${first} and ${second} are typing…` : `${names.length} people are typing…`;
}

/** "Ada, Grace and you" for the title of a reaction. */
export function reactionWords(emoji: string, names: readonly string[]): string {
  const all = names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
  return `${all} reacted with ${emoji}`;
}

/** Why a person cannot write, or null. */
export function blockedWords(role: Role | null, status: string): string | null {
  if (status === 'removed') return 'You are no longer a member of this thread.';
  if (role === 'reader') return 'You may read this thread. An owner can let you write.';
  return null;
}

export function pendingWords(message: PendingMessage, live: boolean): string {
  if (message.status === 'queued') return live && message.files.length > 0 ? 'Waiting for its files' : 'Waiting for the connection';
  if (message.status === 'sending') return 'Sending…';
  return `Not sent: ${message.error?.detail ?? 'the hub did not take it.'}`;
}
