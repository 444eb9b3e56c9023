/** The list of people while somebody types an @ in a document. */
import type { SuggestionOptions, SuggestionProps } from '@tiptap/suggestion';

import { isComposing } from '../../../lib/keys';
import type { Choosable } from './schema';

export class MentionList {
  items: readonly Choosable[] = $state.raw([]);
  rect: DOMRect | null = $state.raw(null);
  chosen = $state(0);
  #command: ((item: Choosable) => void) | null = null;

  /** @param find who fits what was typed. */
  options(find: (query: string) => Choosable[]): Partial<SuggestionOptions<Choosable, Choosable>> {
    return {
      items: ({ query }) => find(query),
      dismissOnOutsideClick: true,
      render: () => ({
        onStart: (props) => this.#show(props),
        onUpdate: (props) => this.#show(props),
        onExit: () => this.#hide(),
        onKeyDown: ({ event }) => this.#onKey(event),
      }),
    };
  }

  pick(item: Choosable): void {
    this.#command?.(item);
  }

  #show(props: SuggestionProps<Choosable, Choosable>): void {
    // The same list again is no news: whoever shows it updates the editor, which calls here again.
    const same = props.items.length === this.items.length && props.items.every((one, index) => one.id === this.items[index]?.id);
    if (!same) {
      this.items = props.items;
      this.chosen = 0;
    }
    const rect = props.clientRect?.() ?? null;
    if (rect?.left !== this.rect?.left || rect?.top !== this.rect?.top) this.rect = rect;
    this.#command = (item) => props.command(item);
  }

  #hide(): void {
    if (this.items.length === 0 && this.rect === null) return;
    this.items = [];
    this.rect = null;
    this.#command = null;
  }

  #onKey(event: KeyboardEvent): boolean {
    if (isComposing(event)) return false;
    if (event.key === 'Escape') {
      this.#hide();
      return true;
    }
    if (this.items.length === 0) return false;
    if (event.key === 'ArrowDown') this.chosen = (this.chosen + 1) % this.items.length;
    else if (event.key === 'ArrowUp') this.chosen = (this.chosen - 1 + this.items.length) % this.items.length;
    else if (event.key === 'Enter' || event.key === 'Tab') {
      const item = this.items[this.chosen];
      if (item) this.pick(item);
    } else return false;
    return true;
  }
}
