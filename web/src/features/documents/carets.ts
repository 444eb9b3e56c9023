/**
 * Carets of others. Names come from who owns the Yjs client id, as the hub says, and the colour from
 * that identity; what a peer claims about itself is never shown.
 */
import type { Awareness } from 'y-protocols/awareness';

import { hueOf } from '../../ui/Avatar.svelte';

/** Dark enough for white letters in both themes; editors accept only #rrggbb. */
const COLOURS = ['#0f766e', '#7c3aed', '#b45309', '#15803d', '#1d4ed8', '#be185d', '#6b6a0a', '#0369a1'] as const;

export interface CaretUser {
  readonly name: string;
  readonly color: string;
  readonly colorLight: string;
}

export function caretUser(uid: string | undefined, name: (uid: string) => string): CaretUser {
  const color = COLOURS[uid === undefined ? 0 : hueOf(uid)] ?? COLOURS[0];
  return { name: uid === undefined ? 'Somebody' : name(uid), color, colorLight: `${color}33` };
}

/** The same awareness, but every state's `user` is what we know, not what it says. */
export function named(awareness: Awareness, userOf: (client: number) => CaretUser): Awareness {
  return new Proxy(awareness, {
    get(target, key) {
      if (key === 'getStates') {
        return () => new Map([...target.getStates()].map(([client, state]) => [client, { ...state, user: userOf(client) }]));
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A caret with its name, as an element beside the text. */
export function caretElement(user: CaretUser): HTMLElement {
  const caret = document.createElement('span');
  caret.className = 'caret';
  caret.style.borderColor = user.color;
  const label = document.createElement('span');
  label.className = 'caret-name';
  label.style.backgroundColor = user.color;
  label.textContent = user.name;
  caret.append('\u2060', label, '\u2060');
  return caret;
}
