/**
 * Undo stays where the caret is.
 *
 * A browser's own undo goes back over the whole page: with the caret in the message box it takes words
 * out of the document beside it, for everybody, and one pressed in a document that has nothing to undo
 * takes them out of the message box. So a field has a history of its own here, a document has its own
 * (of Yjs), and the browser's is never used.
 */
import { isComposing } from './keys';

const FIELDS = 'textarea, input:is([type=text], [type=search], [type=email], [type=url], [type=tel], :not([type]))';
const MAX_STEPS = 200;
/** What goes on from one key to the next is one step. */
const TYPING = new Set(['insertText', 'insertCompositionText', 'deleteContentBackward', 'deleteContentForward']);

type Field = HTMLTextAreaElement | HTMLInputElement;

interface Moment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

class History {
  #past: Moment[] = [];
  #future: Moment[] = [];
  #now: Moment;
  #last = '';

  constructor(now: Moment) {
    this.#now = now;
  }

  /** False: something else than the person changed the field, so going back would undo that. */
  isOf(value: string): boolean {
    return this.#now.value === value;
  }

  note(now: Moment, before: Moment, kind: string, text: string | null): void {
    const goesOn = TYPING.has(kind) && kind === this.#last && before.start === before.end && before.start === this.#now.start;
    if (!goesOn || /\s/.test(text ?? '')) {
      this.#past.push({ ...before, value: this.#now.value });
      if (this.#past.length > MAX_STEPS) this.#past.shift();
    }
    this.#now = now;
    this.#last = kind;
    this.#future = [];
  }

  step(back: boolean): Moment | null {
    const [from, to] = back ? [this.#past, this.#future] : [this.#future, this.#past];
    const moment = from.pop();
    if (!moment) return null;
    to.push(this.#now);
    this.#now = moment;
    this.#last = '';
    return moment;
  }
}

/** Returns what ends it. */
export function keepUndoInItsPlace(page: Window): () => void {
  const histories = new WeakMap<Field, History>();
  const before = new WeakMap<Field, Moment>();
  const listening = new AbortController();
  const first = { capture: true, signal: listening.signal };

  function step(field: Field, back: boolean): void {
    const history = histories.get(field);
    if (!history?.isOf(field.value) || field.readOnly || field.disabled) return;
    const moment = history.step(back);
    if (!moment) return;
    field.value = moment.value;
    if (field.selectionStart !== null) field.setSelectionRange(moment.start, moment.end);
    field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: back ? 'historyUndo' : 'historyRedo' }));
  }

  /** The browser asks where its last change was, which need not be where the caret is. */
  function toTheCaret(event: InputEvent): void {
    const { activeElement } = page.document;
    const isEditor = isDocument(activeElement);
    // An editor steps back itself.
    if (isEditor && event.target instanceof Node && activeElement.contains(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { inputType } = event;
    const field = fieldOf(activeElement);
    if (field) step(field, inputType === 'historyUndo');
    else if (isEditor) activeElement.dispatchEvent(new InputEvent('beforeinput', { bubbles: true, cancelable: true, inputType }));
  }

  page.addEventListener(
    'keydown',
    (event) => {
      const back = directionOf(event);
      if (back === null || isDocument(event.target)) return;
      event.preventDefault();
      const field = fieldOf(event.target);
      if (field) step(field, back);
    },
    first,
  );
  page.addEventListener(
    'beforeinput',
    (event) => {
      if (isHistory(event)) {
        toTheCaret(event);
        return;
      }
      const field = fieldOf(event.target);
      if (!field) return;
      if (!histories.get(field)?.isOf(field.value)) histories.set(field, new History(momentOf(field)));
      before.set(field, momentOf(field));
    },
    first,
  );
  page.addEventListener(
    'input',
    (event) => {
      const field = fieldOf(event.target);
      const was = field && before.get(field);
      if (!field || !was || !(event instanceof InputEvent) || isHistory(event)) return;
      histories.get(field)?.note(momentOf(field), was, event.inputType, event.data);
    },
    first,
  );
  // Whatever the editor made of it, the browser does nothing.
  page.addEventListener('beforeinput', (event) => isHistory(event) && event.preventDefault(), { signal: listening.signal });
  return () => listening.abort();
}

export function isHistory(event: InputEvent): boolean {
  return event.inputType === 'historyUndo' || event.inputType === 'historyRedo';
}

/** True for undo, false for redo. */
function directionOf(event: KeyboardEvent): boolean | null {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || isComposing(event)) return null;
  // Where letters are not Latin ones, the keys are where they are on others' keyboards.
  const key = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace('Key', '').toLowerCase();
  if (key === 'z') return !event.shiftKey;
  return key === 'y' && !event.shiftKey ? false : null;
}

/** An editor, which has these keys itself. One that is only read has not. */
function isDocument(target: EventTarget | null): target is HTMLElement {
  return target instanceof HTMLElement && target.isContentEditable;
}

function fieldOf(target: EventTarget | null): Field | null {
  return target instanceof Element && target.matches(FIELDS) ? (target as Field) : null;
}

function momentOf(field: Field): Moment {
  const { value } = field; // a field for an address has no selection
  return { value, start: field.selectionStart ?? value.length, end: field.selectionEnd ?? value.length };
}
