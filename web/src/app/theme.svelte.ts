/** The theme: chosen, or the system's. `public/theme.js` reads the same key before first paint. */

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'hub.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function read(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

class ThemeSetting {
  #chosen = $state<Theme>(read());

  constructor() {
    dark.addEventListener('change', () => this.#show());
    this.#show();
  }

  get chosen(): Theme {
    return this.#chosen;
  }

  set chosen(theme: Theme) {
    this.#chosen = theme;
    try {
      if (theme === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // Without storage it holds for this page.
    }
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset['theme'] = this.#chosen === 'system' ? (dark.matches ? 'dark' : 'light') : this.#chosen;
  }
}

export const theme = new ThemeSetting();
