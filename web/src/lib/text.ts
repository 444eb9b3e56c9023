/**
 * Whether anything of a text can be seen. The same as `is_visible` of hub/wire/words.py.
 *
 * Source: UAX 44 (Default_Ignorable_Code_Point); what is drawn as nothing though it is a letter.
 */
const SEEN = /[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/u;

export function isVisible(text: string): boolean {
  return SEEN.test(text);
}

/** For JSON.stringify: half a character (a lone surrogate) is no text, and the hub refuses it. */
export function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Cs}/gu, '\ufffd') : value;
}

/** What is written from right to left, or turns the direction. */
const TURNS = /[\p{Bidi_Control}\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A text within a sentence, so that its direction cannot turn that of the rest. Elements use <bdi>.
 *
 * Source: UAX 9, FSI and PDI.
 */
export function isolated(text: string): string {
  if (!TURNS.test(text)) return text;
  // An isolate that the text ends itself would not hold it.
  return `\u2068${text.replace(/[\u2066-\u2069]/g, '')}\u2069`;
}
