/**
 * The Markdown of messages as a tree: bold, italic, struck, code, links, lists, quotes, mentions.
 *
 * Nothing of it ever becomes HTML text: the tree is drawn by components, so a message cannot bring
 * markup of its own. Every loop and every nesting is bounded, because a message is a stranger's: the
 * time grows with the length alone. Lines are read by hand, the expressions left are classes of one
 * character or a run at their end, so none can take a step back; what would be looked for again from
 * every sign (the end of a label, of code) is found once.
 */

export type Inline =
  | { readonly t: 'text'; readonly text: string }
  | { readonly t: 'code'; readonly text: string }
  | { readonly t: 'break' }
  | { readonly t: 'bold' | 'italic' | 'strike'; readonly children: readonly Inline[] }
  | { readonly t: 'link'; readonly href: string; readonly children: readonly Inline[] }
  | { readonly t: 'mention'; readonly uid: string; readonly name: string };

export type Block =
  | { readonly t: 'paragraph'; readonly children: readonly Inline[] }
  | { readonly t: 'code'; readonly text: string; readonly language: string }
  | { readonly t: 'quote'; readonly children: readonly Block[] }
  | { readonly t: 'list'; readonly ordered: boolean; readonly start: number; readonly items: readonly (readonly Block[])[] };

/** Somebody the message names, under the name it uses. */
export interface Named {
  readonly uid: string;
  readonly name: string;
}

const MAX_DEPTH = 6;
const MAX_OPEN_MARKS = 16;
const MAX_RUN = 3;
const MAX_LABEL = 1000;
const MAX_ADDRESS = 2000;
const MAX_TITLE = 200;
const MAX_DIGITS = 9;
const SCHEME = /^(?:https?|mailto|tel):/i;

/** The tree of a message. `named` are those who are mentioned. */
export function parse(source: string, named: readonly Named[] = []): readonly Block[] {
  const known = named.filter((one) => one.name !== '').sort((a, b) => b.name.length - a.name.length);
  return blocks(source.replace(/\r\n?/g, '\n').replaceAll('\0', '\ufffd').split('\n'), known, 0);
}

/** An address that may stand in a link: absolute, and of a scheme that runs nothing. */
export function safeAddress(written: string): string | null {
  if (written.length > MAX_ADDRESS || !SCHEME.test(written) || /[\u0000-\u0020\u007f<>]/.test(written)) return null;
  try {
    return new URL(written).href;
  } catch {
    return null;
  }
}

// --- blocks ---------------------------------------------------------------------------------------

/** What opens a block of code. */
interface Fence {
  readonly sign: string;
  readonly length: number;
  readonly language: string;
}

/** What opens an item of a list. */
interface ItemMark {
  /** Bullets by their sign, numbers by what follows them. */
  readonly kind: string;
  readonly number: number;
  /** Where the words begin. */
  readonly width: number;
}

function blocks(lines: readonly string[], named: readonly Named[], depth: number): Block[] {
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (isBlank(line)) {
      at++;
      continue;
    }
    const nested = depth < MAX_DEPTH;
    const fence = fenceOf(line);
    const item = nested ? itemOf(line) : null;
    if (fence) at = codeBlock(lines, at, fence, found);
    else if (nested && quoteWidth(line) > 0) at = quote(lines, at, found, named, depth);
    else if (item) at = list(lines, at, item, found, named, depth);
    else at = paragraph(lines, at, found, named, nested);
  }
  return found;
}

function codeBlock(lines: readonly string[], from: number, fence: Fence, found: Block[]): number {
  let end = from + 1;
  while (end < lines.length && !closes(lines[end] ?? '', fence)) end++;
  found.push({ t: 'code', text: lines.slice(from + 1, end).join('\n'), language: fence.language });
  return end + 1;
}

function quote(lines: readonly string[], from: number, found: Block[], named: readonly Named[], depth: number): number {
  let end = from;
  const inside: string[] = [];
  for (; end < lines.length; end++) {
    const line = lines[end] ?? '';
    const width = quoteWidth(line);
    if (width === 0) break;
    inside.push(line.slice(width));
  }
  found.push({ t: 'quote', children: blocks(inside, named, depth + 1) });
  return end;
}

function list(
  lines: readonly string[],
  from: number,
  first: ItemMark,
  found: Block[],
  named: readonly Named[],
  depth: number,
): number {
  const kind = first.kind;
  const items: string[][] = [];
  let width = 0;
  let at = from;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const current = items.at(-1);
    if (isBlank(line)) {
      const after = lines[at + 1] ?? '';
      if (!(indent(after) >= width && !isBlank(after)) && itemOf(after)?.kind !== kind) break;
      current?.push('');
    } else if (current && indent(line) >= Math.min(width, 2) && indent(line) > 0) {
      current.push(line.slice(Math.min(width, indent(line))));
    } else {
      const item = itemOf(line);
      if (item?.kind === kind) {
        width = item.width;
        items.push([line.slice(width)]);
      } else if (current && current.at(-1) !== '' && !item && !fenceOf(line) && quoteWidth(line) === 0) {
        current.push(line);
      } else {
        break;
      }
    }
  }
  found.push({
    t: 'list',
    ordered: kind !== '-' && kind !== '*' && kind !== '+',
    start: first.number || 1,
    items: items.map((item) => blocks(item, named, depth + 1)),
  });
  return at;
}

function paragraph(lines: readonly string[], from: number, found: Block[], named: readonly Named[], nested: boolean): number {
  let end = from + 1;
  for (; end < lines.length; end++) {
    const line = lines[end] ?? '';
    if (isBlank(line) || fenceOf(line) || (nested && (quoteWidth(line) > 0 || itemOf(line)))) break;
  }
  found.push({ t: 'paragraph', children: inlines(lines.slice(from, end).join('\n').trim(), named) });
  return end;
}

// --- lines ----------------------------------------------------------------------------------------

function isBlank(line: string): boolean {
  return line.trim() === '';
}

function indent(line: string): number {
  return line.length - line.trimStart().length;
}

/** The spaces a mark may have before it. */
function margin(line: string): number {
  let at = 0;
  while (at < 3 && line[at] === ' ') at++;
  return at;
}

/** Where the run of the sign at `from` ends. */
function runEnd(text: string, from: number): number {
  const sign = text[from];
  let end = from + 1;
  while (end < text.length && text[end] === sign) end++;
  return end;
}

function fenceOf(line: string): Fence | null {
  const from = margin(line);
  const sign = line[from];
  if (sign !== '`' && sign !== '~') return null;
  const end = runEnd(line, from);
  if (end - from < 3 || line.includes('`', end)) return null;
  let start = end;
  while (line[start] === ' ' || line[start] === '\t') start++;
  return { sign, length: end - from, language: matchAt(SOLID, line, start)?.[0] ?? '' };
}

function closes(line: string, fence: Fence): boolean {
  const from = margin(line);
  if (line[from] !== fence.sign) return false;
  const end = runEnd(line, from);
  return end - from >= fence.length && isBlank(line.slice(end));
}

/** How much of a line makes it a quote; 0 of one that is none. */
function quoteWidth(line: string): number {
  const from = margin(line);
  if (line[from] !== '>') return 0;
  return line[from + 1] === ' ' ? from + 2 : from + 1;
}

function itemOf(line: string): ItemMark | null {
  const from = margin(line);
  let end = from;
  while (end - from < MAX_DIGITS && isDigit(line[end])) end++;
  const kind = line[end] ?? '';
  if (end > from ? kind !== '.' && kind !== ')' : kind !== '-' && kind !== '*' && kind !== '+') return null;
  const gap = end + 1;
  let width = gap;
  if (line[gap] === '\t') width++;
  else while (line[width] === ' ') width++;
  if (width === gap || width === line.length || SPACE.test(line[width] ?? '')) return null;
  return { kind, number: Number.parseInt(line.slice(from, end), 10), width };
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** A sticky expression at one place. */
function matchAt(pattern: RegExp, text: string, place: number): RegExpExecArray | null {
  pattern.lastIndex = place;
  return pattern.exec(text);
}

// --- inlines --------------------------------------------------------------------------------------

const PLAIN = /[^\\`[<*_~@\nhH]+/y;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const SOLID = /\S+/y;
// Bounded by MAX_ADDRESS: many of them may stand in one long word.
const ADDRESS = /https?:\/\/[^\s<>]{1,2000}/iy;
const ANGLED = /<(?:https?:\/\/|mailto:|tel:)[^\s<>]*/iy;
const LINK_PART = /[^\s<>)"]{1,2000}/y;
const WORD = /[\p{L}\p{N}_]/u;
const SPACE = /\s/u;
const SENTENCE_END = /[.,;:!?'"*_~\]}]/;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/** An opening mark that still waits for its closing one; `at` is its place among the nodes. */
interface Open {
  readonly sign: string;
  length: number;
  readonly closes: boolean;
  readonly at: number;
}

class Scanner {
  readonly nodes: Inline[] = [];
  readonly #open: Open[] = [];
  #brackets: ReadonlyMap<number, number> | undefined;
  #ticks: ReadonlyMap<number, number[]> | undefined;
  #at = 0;

  constructor(
    readonly source: string,
    readonly named: readonly Named[],
    readonly links: boolean,
  ) {}

  run(): readonly Inline[] {
    while (this.#at < this.source.length) {
      if (!this.#special()) this.#text(this.source[this.#at] ?? '', 1);
    }
    // Nodes of marks that found no partner hold their own signs.
    return joined(this.nodes);
  }

  #special(): boolean {
    const plain = matchAt(PLAIN, this.source, this.#at);
    if (plain) return this.#text(plain[0], plain[0].length);
    switch (this.source[this.#at]) {
      case '\n':
        this.#at++;
        while (this.source[this.#at] === ' ') this.#at++;
        this.nodes.push({ t: 'break' });
        return true;
      case '\\':
        return this.#escape();
      case '`':
        return this.#code();
      case '[':
        return this.links && this.#link();
      case '<':
        return this.links && this.#angled();
      case 'h':
      case 'H':
        return this.links && this.#address();
      case '@':
        return this.#mention();
      default:
        return this.#mark();
    }
  }

  #text(text: string, length: number): boolean {
    this.nodes.push({ t: 'text', text });
    this.#at += length;
    return true;
  }

  #escape(): boolean {
    const next = this.source[this.#at + 1] ?? '';
    return ESCAPABLE.test(next) && this.#text(next, 2);
  }

  #code(): boolean {
    const length = runEnd(this.source, this.#at) - this.#at;
    const end = this.#codeEnd(this.#at + length, length);
    if (end < 0) return this.#text('`'.repeat(length), length);
    const inside = this.source.slice(this.#at + length, end).replaceAll('\n', ' ');
    const padded = inside.length > 2 && inside.startsWith(' ') && inside.endsWith(' ') && inside.trim() !== '';
    this.nodes.push({ t: 'code', text: padded ? inside.slice(1, -1) : inside });
    this.#at = end + length;
    return true;
  }

  /** The next run of as many ticks; the places behind are given up for good. */
  #codeEnd(from: number, length: number): number {
    this.#ticks ??= tickRuns(this.source);
    const places = this.#ticks.get(length) ?? [];
    while ((places.at(-1) ?? from) < from) places.pop();
    return places.at(-1) ?? -1;
  }

  #link(): boolean {
    this.#brackets ??= bracketPairs(this.source);
    const close = this.#brackets.get(this.#at) ?? Infinity;
    if (close >= this.#at + MAX_LABEL) return false;
    const target = linkTarget(this.source, close);
    const href = target && safeAddress(target.address);
    if (!target || !href) return false;
    const label = this.source.slice(this.#at + 1, close);
    const children = new Scanner(label, [], false).run();
    this.nodes.push({ t: 'link', href, children: label.trim() === '' ? [{ t: 'text', text: href }] : children });
    this.#at = target.end;
    return true;
  }

  #angled(): boolean {
    const written = matchAt(ANGLED, this.source, this.#at)?.[0].slice(1);
    if (written === undefined || this.source[this.#at + 1 + written.length] !== '>') return false;
    const href = safeAddress(written);
    if (!href) return false;
    this.nodes.push({ t: 'link', href, children: [{ t: 'text', text: written }] });
    this.#at += written.length + 2;
    return true;
  }

  #address(): boolean {
    if (WORD.test(this.source[this.#at - 1] ?? '')) return false;
    const found = matchAt(ADDRESS, this.source, this.#at);
    if (!found) return false;
    const written = trimmed(found[0].slice(0, MAX_ADDRESS));
    const href = safeAddress(written);
    if (!href) return false;
    this.nodes.push({ t: 'link', href, children: [{ t: 'text', text: written }] });
    this.#at += written.length;
    return true;
  }

  #mention(): boolean {
    if (WORD.test(this.source[this.#at - 1] ?? '')) return false;
    for (const { uid, name } of this.named) {
      const end = this.#at + 1 + name.length;
      if (this.source.startsWith(name, this.#at + 1) && !WORD.test(this.source[end] ?? '')) {
        this.nodes.push({ t: 'mention', uid, name });
        this.#at = end;
        return true;
      }
    }
    return false;
  }

  /** `*`, `_` and `~~`, after CommonMark's rules for what may open and close. */
  #mark(): boolean {
    const sign = this.source[this.#at] ?? '';
    if (sign !== '*' && sign !== '_' && sign !== '~') return false;
    const length = runEnd(this.source, this.#at) - this.#at;
    if (length > MAX_RUN || (sign === '~' && length !== 2)) return this.#text(sign.repeat(length), length);
    const before = this.source[this.#at - 1] ?? ' ';
    const after = this.source[this.#at + length] ?? ' ';
    const left = !SPACE.test(after) && (!PUNCTUATION.test(after) || SPACE.test(before) || PUNCTUATION.test(before));
    const right = !SPACE.test(before) && (!PUNCTUATION.test(before) || SPACE.test(after) || PUNCTUATION.test(after));
    const opens = left && (sign !== '_' || !right || PUNCTUATION.test(before));
    const closes = right && (sign !== '_' || !left || PUNCTUATION.test(after));
    this.#at += length;
    let rest = closes ? this.#close(sign, length, opens) : length;
    if (rest > 0 && opens && this.#open.length < MAX_OPEN_MARKS) {
      this.#open.push({ sign, length: rest, closes, at: this.nodes.length });
      this.nodes.push({ t: 'text', text: sign.repeat(rest) });
      rest = 0;
    }
    if (rest > 0) this.nodes.push({ t: 'text', text: sign.repeat(rest) });
    return true;
  }

  /** Wrap what stands between here and the nearest fitting opening mark; what is left of `length`. */
  #close(sign: string, length: number, opens: boolean): number {
    let rest = length;
    while (rest > 0) {
      let index = this.#open.length - 1;
      while (index >= 0 && !fits(this.#open[index], sign, rest, opens)) index--;
      const opening = this.#open[index];
      if (!opening) break;
      const used = sign === '~' ? 2 : Math.min(2, opening.length, rest);
      const children = joined(this.nodes.splice(opening.at + 1));
      this.#open.length = index + 1;
      opening.length -= used;
      rest -= used;
      if (opening.length > 0) this.nodes[opening.at] = { t: 'text', text: sign.repeat(opening.length) };
      else {
        this.nodes.pop();
        this.#open.pop();
      }
      this.nodes.push({ t: sign === '~' ? 'strike' : used === 2 ? 'bold' : 'italic', children });
    }
    return rest;
  }
}

function fits(open: Open | undefined, sign: string, length: number, opens: boolean): boolean {
  if (open?.sign !== sign) return false;
  const odd = (open.closes || opens) && (open.length + length) % 3 === 0 && (open.length % 3 !== 0 || length % 3 !== 0);
  return !odd;
}

/** Which ] ends the label that a [ begins; what has no partner is left out. */
function bracketPairs(source: string): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let place = 0; place < source.length; place++) {
    const char = source[place];
    if (char === '\\') place++;
    else if (char === '[') open.push(place);
    else if (char === ']') {
      const begin = open.pop();
      if (begin !== undefined) pairs.set(begin, place);
    }
  }
  return pairs;
}

/** Where runs of backticks begin, by their length, the last first. */
function tickRuns(source: string): ReadonlyMap<number, number[]> {
  const runs = new Map<number, number[]>();
  for (let place = source.indexOf('`'); place >= 0; ) {
    const end = runEnd(source, place);
    const places = runs.get(end - place);
    if (places) places.push(place);
    else runs.set(end - place, [place]);
    place = source.indexOf('`', end);
  }
  for (const places of runs.values()) places.reverse();
  return runs;
}

/** The address of a link whose label ends at `close`, and where the link ends; a title is passed over. */
function linkTarget(source: string, close: number): { readonly address: string; readonly end: number } | null {
  if (source[close + 1] !== '(') return null;
  const last = Math.min(source.length, close + MAX_ADDRESS);
  let start = gapEnd(source, close + 2, last);
  if (source[start] === '<') start++;
  let place = start;
  while (place < last) {
    place += matchAt(LINK_PART, source, place)?.[0].length ?? 0;
    const end = linkEnd(source, place, last);
    if (end > 0) return { address: source.slice(start, place), end };
    if (source[place] !== ')' && source[place] !== '"') break;
    place++;
  }
  const address = source.slice(start, place);
  const end = linkEnd(source, gapEnd(source, source[place] === '>' ? place + 1 : place, last), last);
  return end > 0 ? { address, end } : null;
}

/** The place after `)`, or after a title and `)`; 0 where neither stands. */
function linkEnd(source: string, from: number, last: number): number {
  let place = from;
  if (source[place] === '"') {
    const most = Math.min(last, from + MAX_TITLE + 2);
    do {
      place++;
      if (place >= most || source[place] === '\n') return 0;
    } while (source[place] !== '"');
    place = gapEnd(source, place + 1, last);
  }
  return place < last && source[place] === ')' ? place + 1 : 0;
}

function gapEnd(source: string, from: number, last: number): number {
  let place = from;
  while (place < last && SPACE.test(source[place] ?? '')) place++;
  return place;
}

function inlines(source: string, named: readonly Named[]): readonly Inline[] {
  return new Scanner(source, named, true).run();
}

function joined(nodes: readonly Inline[]): readonly Inline[] {
  const found: Inline[] = [];
  let run: string[] = [];
  const flush = (): void => {
    if (run.length > 0) found.push({ t: 'text', text: run.join('') });
    run = [];
  };
  for (const node of nodes) {
    if (node.t === 'text') run.push(node.text);
    else {
      flush();
      found.push(node);
    }
  }
  flush();
  return found;
}

/** A bare address ends before the punctuation of its sentence. */
function trimmed(address: string): string {
  let end = address.length;
  let open = address.split('(').length - address.split(')').length;
  for (; end > 0; end--) {
    const last = address[end - 1] ?? '';
    if (last === ')' && open < 0) open++;
    else if (!SENTENCE_END.test(last)) break;
  }
  return address.slice(0, end);
}
