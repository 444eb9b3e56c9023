/** The people of this hub, by uid. Names for everything that is drawn come from here. */
import { api } from '../api/client';
import type { Account, Person, ThreadState } from '../wire/generated';
import type { PeopleStore } from './types';

const AGAIN_MS = 5_000;

export class People implements PeopleStore {
  loaded = $state(false);
  /** Of what is known; null while it is not known to be whole. */
  #revision: number | null = null;
  #reading: Promise<void> | null = null;
  /** The latest call of `reach`; an earlier one has nothing more to say. */
  #wanted = Symbol();
  #again: ReturnType<typeof setTimeout> | undefined;
  /** What was told while the list was being read. */
  #told: Account[] = [];
  #accounts: ReadonlyMap<string, Account> = $state.raw(new Map());
  readonly all: readonly Account[] = $derived(
    [...this.#accounts.values()].sort((a, b) => a.display_name.localeCompare(b.display_name)),
  );
  #asked = new Set<string>();

  get(uid: string): Account | undefined {
    return this.#accounts.get(uid);
  }

  name(uid: string): string {
    return this.#accounts.get(uid)?.display_name ?? 'Someone';
  }

  /** Read all of them; whoever asks meanwhile gets the same answer. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
      this.#told = [];
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const accounts = await api.get<Account[]>('/api/accounts');
    this.#accounts = new Map([...this.#accounts, ...[...accounts, ...this.#told].map((one) => [one.uid, one] as const)]);
    this.loaded = true;
  }

  /** The hub has its people at this revision: read them, unless they are known so, until it works. */
  async reach(revision: number): Promise<void> {
    clearTimeout(this.#again);
    if (revision === this.#revision) return;
    this.#revision = null;
    const wanted = (this.#wanted = Symbol());
    await this.#reading?.catch(() => undefined); // it may have begun before
    try {
      await this.refresh();
      if (this.#wanted === wanted) this.#revision = revision;
    } catch {
      if (this.#wanted === wanted) this.#again = setTimeout(() => void this.reach(revision), AGAIN_MS);
    }
  }

  close(): void {
    this.#wanted = Symbol();
    clearTimeout(this.#again);
  }

  /** Somebody came, or reads differently from now on. */
  changed({ t: _, revision, ...account }: Person): void {
    if (this.#reading) this.#told.push(account);
    this.put(account);
    if (this.#revision !== null) this.#revision = revision;
  }

  /** Somebody was mentioned whom we may not know: ask once. */
  need(uid: string): void {
    if (this.#accounts.has(uid) || this.#asked.has(uid)) return;
    this.#asked.add(uid);
    this.refresh().catch(() => this.#asked.delete(uid));
  }

  /** Names that came with a thread. */
  learn(state: ThreadState): void {
    const fresh = [
      ...state.former_members,
      ...state.members.map((one) => ({
        uid: one.uid,
        display_name: one.display_name,
        addresses: [],
        is_owner: false,
        disabled: false,
      })),
    ].filter((one) => !this.#accounts.has(one.uid));
    if (fresh.length > 0) this.#accounts = new Map([...this.#accounts, ...fresh.map((one) => [one.uid, one] as const)]);
  }

  put(account: Account): void {
    this.#accounts = new Map(this.#accounts).set(account.uid, account);
  }
}
