/**
 * Plain words of a message: the Markdown marks taken off, shortened. Pure.
 *
 * The same as hub/wire/excerpt.py, so that a row of the inbox reads alike before and after a reload.
 * The time grows with the length alone: a text is taken line by line, every search goes on where the
 * last one ended, and no expression can take a step back.
 */
const LINES = /(?<=\n)/;
const INLINE = /(\*\*|__|~~|`|(?<![\p{L}\p{N}_])[*_]|[*_](?![\p{L}\p{N}_]))/gu;
const SPACE = /\s+/g;
const BLANK = /\s/;
const MAX_LEVEL = 6;

export function plain(text: string): string {
  return text.split(LINES).map(withoutMarks).join('').replace(INLINE, '').replace(SPACE, ' ').trim();
}

/** At most `limit` characters (code points) of the plain words, cut at a word. */
export function excerpt(text: string, limit = 140): string {
  // A character is at most two code units: no need to take the whole text apart.
  const start = [...text.slice(0, limit * 16)].slice(0, limit * 8);
  const words = [...plain(start.join(''))];
  if (words.length <= limit) return words.join('');
  const cut = words.lastIndexOf(' ', limit - 1);
  return `${words
    .slice(0, cut >= limit / 2 ? cut : limit - 1)
    .join('')
    .trimEnd()}…`;
}

/** A line, with its end, less what makes it a fence, a heading, a quote or an item. */
function withoutMarks(line: string): string {
  const start = line.trimStart();
  if (start.startsWith('```') || start.startsWith('~~~')) return ' ';
  return withoutAddresses(start.slice(markLength(start)));
}

/** How long the mark is that a line begins with; all but a quote's need white space after them. */
function markLength(line: string): number {
  const first = line[0] ?? '';
  let length = 0;
  if (first === '>') return 1;
  if (first === '-' || first === '*' || first === '+') {
    length = 1;
  } else if (first === '#') {
    while (line[length] === '#') length++;
    if (length > MAX_LEVEL) return 0;
  } else if (isDigit(first)) {
    while (isDigit(line[length] ?? '')) length++;
    if (line[length] !== '.' && line[length] !== ')') return 0;
    length++;
  }
  // The end of the line is white space too: a mark alone on the last line is what was written.
  return BLANK.test(line[length] ?? '') ? length : 0;
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

/** A line with the labels of its links in place of the links. */
function withoutAddresses(line: string): string {
  const parts: string[] = [];
  let done = 0;
  let opening = line.indexOf('[');
  while (opening >= 0) {
    const close = line.indexOf(']', opening);
    if (close < 0) break;
    if (line[close + 1] !== '(') {
      opening = line.indexOf('[', close + 1);
      continue;
    }
    const end = line.indexOf(')', close + 2);
    if (end < 0) break;
    const picture = opening > done && line[opening - 1] === '!' ? 1 : 0;
    parts.push(line.slice(done, opening - picture), line.slice(opening + 1, close));
    done = end + 1;
    opening = line.indexOf('[', done);
  }
  return parts.join('') + line.slice(done);
}
