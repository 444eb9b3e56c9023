/**
 * The uploads of the other tabs of this person: what they tell of them, and asking them to do something.
 * A tab that goes is told of, so that what it left can be taken over.
 */
import { type Channel, openChannel } from '../lib/tabs';
import type { Item } from './item';
import { type HoldLock, Peers } from './peers';

/** What one tab may ask another one to do with an upload. */
export type Ask =
  | { readonly what: 'pause' | 'resume' | 'cancel' | 'retry' | 'dismiss' }
  | { readonly what: 'assign'; readonly purpose: string };

type News =
  | { readonly kind: 'hello'; readonly tab: string }
  | { readonly kind: 'items'; readonly tab: string; readonly items: readonly Item[] }
  | { readonly kind: 'gone'; readonly ids: readonly string[] }
  | { readonly kind: 'do'; readonly id: string; readonly ask: Ask };

export interface OthersOptions {
  /** Of the locks and the channel that the tabs of a person share. */
  readonly name: string;
  /** This tab. */
  readonly tab: string;
  readonly holdLock: HoldLock;
  /** Without Web Locks nothing would tell when a tab is gone: none is watched. */
  readonly watches: boolean;
  /** All that this tab has, for one that came. */
  all(): readonly Item[];
  /** Another tab has this upload now. False: it is still ours. */
  claimed(id: string): boolean;
  /** Another tab asks for something, perhaps of an upload that is not ours. */
  asked(id: string, ask: Ask): void;
  changed(): void;
  /** A tab is no more. */
  gone(tab: string): void;
}

export class OtherTabs {
  readonly #options: OthersOptions;
  readonly #items = new Map<string, { readonly owner: string; readonly item: Item }>();
  readonly #peers: Peers;
  readonly #channel: Channel<News>;
  #closed = false;

  constructor(options: OthersOptions) {
    this.#options = options;
    const { name, tab } = options;
    this.#peers = new Peers(`${name}.`, options.holdLock, tab, (other) => options.gone(other));
    this.#channel = openChannel<News>(name, (news) => this.#hear(news));
  }

  /** To all: here is one more. */
  greet(): void {
    this.#channel.post({ kind: 'hello', tab: this.#options.tab });
  }

  get items(): readonly Item[] {
    return [...this.#items.values()].map(({ item }) => item);
  }

  get(id: string): Item | null {
    return this.#items.get(id)?.item ?? null;
  }

  has(id: string): boolean {
    return this.#items.has(id);
  }

  /** What was found in the table as another tab's. */
  found(owner: string, item: Item): void {
    this.#items.set(item.id, { owner, item });
  }

  delete(id: string): void {
    this.#items.delete(id);
  }

  /** All of a tab that is gone. */
  deleteOf(tab: string): void {
    for (const [id, one] of this.#items) if (one.owner === tab) this.#items.delete(id);
  }

  /** A tab that wrote of itself in the table. */
  watch(tab: string): void {
    this.#peers.watch(tab);
  }

  tell(items: readonly Item[]): void {
    if (items.length > 0) this.#channel.post({ kind: 'items', tab: this.#options.tab, items });
  }

  tellGone(ids: readonly string[]): void {
    this.#channel.post({ kind: 'gone', ids });
  }

  /** Whoever has it does it. */
  ask(id: string, ask: Ask): void {
    if (this.#items.has(id)) this.#channel.post({ kind: 'do', id, ask });
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
    this.#peers.close();
  }

  #hear(news: News): void {
    if (this.#closed) return;
    switch (news.kind) {
      case 'hello':
        if (this.#options.watches) this.#peers.watch(news.tab);
        this.tell(this.#options.all());
        break;
      case 'items':
        if (this.#options.watches) this.#peers.watch(news.tab);
        for (const item of news.items) {
          if (this.#options.claimed(item.id)) this.#items.set(item.id, { owner: news.tab, item: { ...item, here: false, reopens: false } });
        }
        this.#options.changed();
        break;
      case 'gone':
        for (const id of news.ids) this.#items.delete(id);
        this.#options.changed();
        break;
      case 'do':
        this.#options.asked(news.id, news.ask);
        break;
    }
  }
}
