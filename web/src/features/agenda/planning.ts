/** What people plan, told to the hub: tasks and meetings of any thread, in a room or out of it. */
import type { HubState } from '../../state';
import { ApiError, asApiError } from '../../wire/error';
import type { Accepted, AddEntryCommand, AnswerEntryCommand, ChangeEntryCommand, Entry, FinishEntryCommand } from '../../wire/generated';
import type { CommandBody } from '../../wire/live';
import { newSendId } from '../../wire/ids';

type Addressed = 'cmd' | 'id' | 'thread' | 'send_id' | 'entry';
export type EntryWish = Omit<AddEntryCommand, Addressed>;
export type EntryChange = Omit<ChangeEntryCommand, Addressed>;
export type EntryAnswer = Omit<AnswerEntryCommand, Addressed>;
/** Which one: where it is, and what it is called there. */
export type EntryPlace = Pick<Entry, 'thread' | 'entry'>;

type Commits = Pick<HubState, 'commit'>;

/** Two who change one thing at the same moment: the second is asked to try again. */
const TRIES = 4;
const BUSY_MS = 150;

/** Returns the id of what was made. */
export async function add(hub: Commits, thread: string, wish: EntryWish): Promise<string> {
  const { entry } = await tried(hub, { cmd: 'add_entry', thread, ...wish });
  return entry ?? '';
}

export async function change(hub: Commits, place: EntryPlace, change: EntryChange): Promise<void> {
  await tried(hub, { cmd: 'change_entry', ...placed(place), ...change });
}

/** Now, with the connection; `hub.ticks` does it at any time. */
export async function finish(hub: Commits, place: EntryPlace, options: Pick<FinishEntryCommand, 'done' | 'occurrence' | 'seen'>): Promise<void> {
  await tried(hub, { cmd: 'finish_entry', ...placed(place), ...options });
}

export async function answer(hub: Commits, place: EntryPlace, answer: EntryAnswer): Promise<void> {
  await tried(hub, { cmd: 'answer_entry', ...placed(place), ...answer });
}

export async function remove(hub: Commits, place: EntryPlace, occurrence: string | null = null): Promise<void> {
  await tried(hub, { cmd: 'remove_entry', ...placed(place), occurrence });
}

export async function bringBack(hub: Commits, place: EntryPlace): Promise<void> {
  await tried(hub, { cmd: 'unremove_entry', ...placed(place) });
}

async function tried(hub: Commits, body: Record<string, unknown>): Promise<Accepted> {
  const command = { ...body, send_id: newSendId() } as unknown as CommandBody;
  for (let tries = 1; ; tries++) {
    try {
      return (await hub.commit(command)) as Accepted;
    } catch (thrown) {
      const error: ApiError = asApiError(thrown);
      if (error.code !== 'entry_busy' || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_MS * tries));
    }
  }
}

function placed({ thread, entry }: EntryPlace): EntryPlace {
  return { thread, entry };
}
