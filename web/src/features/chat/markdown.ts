/**
 * The Markdown of messages as a tree: bold, italic, struck, code, links, lists, quotes, mentions.
 *
 * Nothing of it ever becomes HTML text: the tree is drawn by components, so a message cannot bring
 * markup of its own. Every loop and every nesting is bounded, because a message is a stranger's.
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
const SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:']);

/** The tree of a message. `named` are those who are mentioned. */
export function parse(source: string, named: readonly Named[] = []): readonly Block[] {
  const known = named.filter((one) => one.name !== '').sort((a, b) => b.name.length - a.name.length);
  return blocks(source.replace(/\r\n?/g, '\n').replaceAll('\0', '\ufffd').split('\n'), known, 0);
}

/** An address that may stand in a link: absolute, and of a scheme that runs nothing. */
export function safeAddress(written: string): string | null {
  if (written.length > MAX_ADDRESS || /[\u0000-\u0020\u007f<>]/.test(written)) return null;
  try {
    const url = new URL(written);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

// --- blocks ---------------------------------------------------------------------------------------

const BLANK = /^\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|\t)(?=\S)/;

function blocks(lines: readonly string[], named: readonly Named[], depth: number): Block[] {
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (BLANK.test(line)) {
      at++;
      continue;
    }
    const nested = depth < MAX_DEPTH;
    const fence = FENCE.exec(line);
    if (fence) at = codeBlock(lines, at, fence, found);
    else if (nested && QUOTE.test(line)) at = quote(lines, at, found, named, depth);
    else if (nested && ITEM.test(line)) at = list(lines, at, found, named, depth);
    else at = paragraph(lines, at, found, named, nested);
  }
  return found;
}

function codeBlock(lines: readonly string[], from: number, fence: RegExpExecArray, found: Block[]): number {
  const mark = fence[1] ?? '```';
  const closing = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}\\s*$`);
  let end = from + 1;
  while (end < lines.length && !closing.test(lines[end] ?? '')) end++;
  found.push({ t: 'code', text: lines.slice(from + 1, end).join('\n'), language: fence[2] ?? '' });
  return end + 1;
}

function quote(lines: readonly string[], from: number, found: Block[], named: readonly Named[], depth: number): number {
  let end = from;
  const inside: string[] = [];
  for (; end < lines.length && QUOTE.test(lines[end] ?? ''); end++) inside.push((lines[end] ?? '').replace(QUOTE, ''));
  found.push({ t: 'quote', children: blocks(inside, named, depth + 1) });
  return end;
}

function list(lines: readonly string[], from: number, found: Block[], named: readonly Named[], depth: number): number {
  const first = ITEM.exec(lines[from] ?? '');
  const kind = kindOf(first?.[2] ?? '-');
  const items: string[][] = [];
  let width = 0;
  let at = from;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const current = items.at(-1);
    if (BLANK.test(line)) {
      const after = lines[at + 1] ?? '';
      if (!(indent(after) >= width && !BLANK.test(after)) && kindOf(ITEM.exec(after)?.[2] ?? '') !== kind) break;
      current?.push('');
    } else if (current && indent(line) >= Math.min(width, 2) && indent(line) > 0) {
      current.push(line.slice(Math.min(width, indent(line))));
    } else {
      const item = ITEM.exec(line);
      if (item && kindOf(item[2] ?? '') === kind) {
        width = item[0].length;
        items.push([line.slice(width)]);
      } else if (current && current.at(-1) !== '' && !item && !FENCE.test(line) && !QUOTE.test(line)) {
        current.push(line);
      } else {
        break;
      }
    }
  }
  found.push({
    t: 'list',
    ordered: kind !== '-' && kind !== '*' && kind !== '+',
    start: Number.parseInt(first?.[2] ?? '1', 10) || 1,
    items: items.map((item) => blocks(item, named, depth + 1)),
  });
  return at;
}

/** Bullets by their sign, numbers by what follows them. */
function kindOf(marker: string): string {
  return marker.length > 1 ? marker.slice(-1) : marker;
}

function indent(line: string): number {
  return line.length - line.trimStart().length;
}

function paragraph(lines: readonly string[], from: number, found: Block[], named: readonly Named[], nested: boolean): number {
  let end = from + 1;
  while (end < lines.length && !BLANK.test(lines[end] ?? '') && !FENCE.test(lines[end] ?? '')) {
    if (nested && (QUOTE.test(lines[end] ?? '') || ITEM.test(lines[end] ?? ''))) break;
    end++;
  }
  found.push({ t: 'paragraph', children: inlines(lines.slice(from, end).join('\n').trim(), named) });
  return end;
}

// --- inlines --------------------------------------------------------------------------------------

const PLAIN = /[^\\`[<*_~@\nhH]+/y;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ADDRESS = /https?:\/\/[^\s<>]+/iy;
const ANGLED = /<((?:https?:\/\/|mailto:|tel:)[^\s<>]*)>/iy;
const LINK_END = /\]\(\s*<?([^\s<>]*?)>?\s*(?:"[^"\n]{0,200}"\s*)?\)/y;
const WORD = /[\p{L}\p{N}_]/u;
const SPACE = /\s/u;
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
  readonly #noCodeEnd = new Set<number>();
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
    const plain = this.#match(PLAIN);
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

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.source);
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
    let length = 1;
    while (this.source[this.#at + length] === '`') length++;
    const end = this.#noCodeEnd.has(length) ? -1 : this.#codeEnd(this.#at + length, length);
    if (end < 0) {
      this.#noCodeEnd.add(length);
      return this.#text('`'.repeat(length), length);
    }
    const inside = this.source.slice(this.#at + length, end).replaceAll('\n', ' ');
    const padded = inside.length > 2 && inside.startsWith(' ') && inside.endsWith(' ') && inside.trim() !== '';
    this.nodes.push({ t: 'code', text: padded ? inside.slice(1, -1) : inside });
    this.#at = end + length;
    return true;
  }

  #codeEnd(from: number, length: number): number {
    for (let at = this.source.indexOf('`', from); at >= 0; ) {
      let run = 1;
      while (this.source[at + run] === '`') run++;
      if (run === length) return at;
      at = this.source.indexOf('`', at + run);
    }
    return -1;
  }

  #link(): boolean {
    const close = this.#labelEnd();
    if (close < 0) return false;
    LINK_END.lastIndex = close;
    const end = LINK_END.exec(this.source.slice(0, close + MAX_ADDRESS));
    const href = end && safeAddress(end[1] ?? '');
    if (!end || !href) return false;
    const label = this.source.slice(this.#at + 1, close);
    const children = new Scanner(label, [], false).run();
    this.nodes.push({ t: 'link', href, children: label.trim() === '' ? [{ t: 'text', text: href }] : children });
    this.#at = close + end[0].length;
    return true;
  }

  #labelEnd(): number {
    let depth = 0;
    const last = Math.min(this.source.length, this.#at + MAX_LABEL);
    for (let at = this.#at; at < last; at++) {
      const char = this.source[at];
      if (char === '\\') at++;
      else if (char === '[') depth++;
      else if (char === ']' && --depth === 0) return at;
    }
    return -1;
  }

  #angled(): boolean {
    const found = this.#match(ANGLED);
    const href = found && safeAddress(found[1] ?? '');
    if (!found || !href) return false;
    this.nodes.push({ t: 'link', href, children: [{ t: 'text', text: found[1] ?? href }] });
    this.#at += found[0].length;
    return true;
  }

  #address(): boolean {
    if (WORD.test(this.source[this.#at - 1] ?? '')) return false;
    const found = this.#match(ADDRESS);
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
    let length = 1;
    while (this.source[this.#at + length] === sign) length++;
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
    else if (!/[.,;:!?'"*_~\]}]/.test(last)) break;
  }
  return address.slice(0, end);
}
