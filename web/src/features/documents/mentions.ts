/** `@` in a document: a list of the people of the thread, by keyboard or pointer. */
import Mention from '@tiptap/extension-mention';
import type { SuggestionKeyDownProps, SuggestionProps } from '@tiptap/suggestion';

import { matching, type Person } from '../chat/model';

interface Chosen {
  id: string;
  label: string;
}

export function mentions(people: () => readonly Person[]) {
  return Mention.configure({
    HTMLAttributes: { class: 'mention' },
    suggestion: {
      items: ({ query }: { query: string }): Person[] => matching(people(), query, 6),
      render: () => {
        let list: HTMLElement | null = null;
        let at = 0;
        let props: SuggestionProps<Person, Chosen> | null = null;

        const draw = () => {
          if (!list || !props) return;
          list.replaceChildren(
            ...props.items.map((person, index) => {
              const option = document.createElement('div');
              option.role = 'option';
              option.textContent = person.name;
              option.ariaSelected = String(index === at);
              option.addEventListener('pointerdown', (event) => {
                event.preventDefault();
                choose(index);
              });
              return option;
            }),
          );
          const place = props.clientRect?.();
          list.hidden = props.items.length === 0 || !place;
          if (place) {
            list.style.left = `${Math.min(place.left, innerWidth - 240)}px`;
            list.style.top = `${place.bottom + 4}px`;
          }
        };
        const choose = (index: number) => {
          const person = props?.items[index];
          if (person) props?.command({ id: person.uid, label: person.name });
        };
        return {
          onStart(given: SuggestionProps<Person, Chosen>) {
            props = given;
            at = 0;
            list = document.createElement('div');
            list.className = 'mention-list';
            list.role = 'listbox';
            list.ariaLabel = 'People to mention';
            document.body.append(list);
            draw();
          },
          onUpdate(given: SuggestionProps<Person, Chosen>) {
            props = given;
            at = Math.min(at, Math.max(0, given.items.length - 1));
            draw();
          },
          onKeyDown({ event }: SuggestionKeyDownProps): boolean {
            const count = props?.items.length ?? 0;
            if (count === 0) return false;
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              at = (at + (event.key === 'ArrowDown' ? 1 : count - 1)) % count;
              draw();
              return true;
            }
            if (event.key === 'Enter' || event.key === 'Tab') {
              choose(at);
              return true;
            }
            return false;
          },
          onExit() {
            list?.remove();
            list = null;
          },
        };
      },
    },
  });
}
