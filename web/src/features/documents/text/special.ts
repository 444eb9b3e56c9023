import { type Extension } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, MatchDecorator, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view';

/**
 * Draws characters that cannot be seen, with their name for who hears the page.
 *
 * CodeMirror's own `highlightSpecialChars` carries what it has drawn through a change. What replaces such a
 * character exactly, with line ends and beyond the part of the text that is drawn, is then one mark over several
 * lines, which it refuses ("Decorations that replace line breaks"), and the editor stays broken. Here the part
 * that is drawn is looked through anew.
 */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffc]/gu;

const NAMES: Record<number, string> = {
  0x00: 'null',
  0x07: 'bell',
  0x08: 'backspace',
  0x0b: 'vertical tab',
  0x0d: 'carriage return',
  0x1b: 'escape',
  0xad: 'soft hyphen',
  0x61c: 'Arabic letter mark',
  0x200b: 'zero width space',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x2028: 'line separator',
  0x2029: 'paragraph separator',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2069: 'pop directional isolate',
  0xfeff: 'zero width no-break space',
  0xfffc: 'object replacement',
};

class Unseen extends WidgetType {
  constructor(readonly code: number) {
    super();
  }
  override eq(other: Unseen): boolean {
    return other.code === this.code;
  }
  toDOM(): HTMLElement {
    const drawn = document.createElement('span');
    const name = `Control character ${NAMES[this.code] ?? `0x${this.code.toString(16)}`}`;
    drawn.textContent = this.code < 0x20 ? String.fromCharCode(0x2400 + this.code) : '•';
    drawn.title = name;
    drawn.setAttribute('role', 'img');
    drawn.setAttribute('aria-label', name);
    drawn.className = 'cm-specialChar';
    return drawn;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

const finder = new MatchDecorator({
  regexp: UNSEEN,
  decoration: ([found]) => Decoration.replace({ widget: new Unseen(found.charCodeAt(0)) }),
});

export const unseenCharacters: Extension = ViewPlugin.fromClass(
  class {
    drawn: DecorationSet;
    constructor(view: EditorView) {
      this.drawn = finder.createDeco(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.drawn = finder.createDeco(update.view);
    }
  },
  { decorations: (plugin) => plugin.drawn },
);
