/** Whether a person wants to read or to edit a document, remembered in this browser. */
import { SvelteMap } from 'svelte/reactivity';

const PREFIX = 'hub.mode.';

class Wish {
  readonly #known = new SvelteMap<string, 'edit' | 'read'>();

  of(document: string): 'edit' | 'read' {
    return this.#known.get(document) ?? stored(document);
  }

  set(document: string, mode: 'edit' | 'read'): void {
    this.#known.set(document, mode);
    try {
      if (mode === 'read') localStorage.setItem(PREFIX + document, mode);
      else localStorage.removeItem(PREFIX + document);
    } catch {
      // Without storage it holds for this page.
    }
  }
}

function stored(document: string): 'edit' | 'read' {
  try {
    return localStorage.getItem(PREFIX + document) === 'read' ? 'read' : 'edit';
  } catch {
    return 'edit';
  }
}

export const wish = new Wish();
