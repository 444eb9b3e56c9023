/** What people plan, told to the hub: tasks and meetings of any thread, in a room or out of it. */
import { ApiError, asApiError } from '../wire/error';
import type { Accepted, AddEntryCommand, AnswerEntryCommand, ChangeEntryCommand, Entry, FinishEntryCommand } from '../wire/generated';
import type { CommandBody } from '../wire/live';
import { newSendId } from '../wire/ids';

type Addressed = 'cmd' | 'id' | 'thread' | 'send_id' | 'entry';
export type EntryWish = Omit<AddEntryCommand, Addressed>;
export type EntryChange = Omit<ChangeEntryCommand, Addressed>;
export type EntryAnswer = Omit<AnswerEntryCommand, Addressed>;
/** Which one: where it is, and what it is called there. */
export type EntryPlace = Pick<Entry, 'thread' | 'entry'>;

/** Two who change one thing at the same moment: the second is asked to try again. */
const TRIES = 4;
const BUSY_MS = 150;

export class Planning {
  readonly #commit: (command: CommandBody) => Promise<Accepted>;

  constructor(commit: (command: CommandBody) => Promise<Accepted>) {
    this.#commit = commit;
  }

  /** Returns the id of what was made. */
  async add(thread: string, wish: EntryWish): Promise<string> {
    const { entry } = await this.#try({ cmd: 'add_entry', thread, ...wish });
    return entry ?? '';
  }

  async change(place: EntryPlace, change: EntryChange): Promise<void> {
    await this.#try({ cmd: 'change_entry', ...placed(place), ...change });
  }

  async finish(place: EntryPlace, options: Pick<FinishEntryCommand, 'done' | 'occurrence'> = {}): Promise<void> {
    await this.#try({ cmd: 'finish_entry', ...placed(place), ...options });
  }

  async answer(place: EntryPlace, answer: EntryAnswer): Promise<void> {
    await this.#try({ cmd: 'answer_entry', ...placed(place), ...answer });
  }

  async remove(place: EntryPlace, occurrence: string | null = null): Promise<void> {
    await this.#try({ cmd: 'remove_entry', ...placed(place), occurrence });
  }

  async bringBack(place: EntryPlace): Promise<void> {
    await this.#try({ cmd: 'unremove_entry', ...placed(place) });
  }

  async #try(body: Record<string, unknown>): Promise<Accepted> {
    const command = { ...body, send_id: newSendId() } as unknown as CommandBody;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#commit(command);
      } catch (thrown) {
        const error: ApiError = asApiError(thrown);
        if (error.code !== 'entry_busy' || tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS * tries));
      }
    }
  }
}

function placed({ thread, entry }: EntryPlace): EntryPlace {
  return { thread, entry };
}
