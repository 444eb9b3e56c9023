/** For tests: texts that make a scanner start again and again, and whether it takes only their length. */

/** The longest message. */
export const MAX_CHARS = 40_000;

/** What is repeated to the wanted length. */
const REPEATED: Readonly<Record<string, string>> = {
  newlines: '\n',
  'carriage returns': '\r\n',
  'blank lines': ' \n',
  spaces: ' ',
  tildes: '~',
  'tildes apart': '~~ ',
  fences: '~~~\n',
  'fences that differ': '~~~\n```\n',
  backticks: '`',
  'backticks apart': '` `` ',
  'opening brackets': '[',
  'closing brackets': ']',
  pictures: '![',
  'empty labels': '[]',
  'link middles': '](',
  'links without an end': '[a](',
  'links that are none': '[a](b) ',
  links: '[a](https://x.example) ',
  'titles without an end': '[a](https://x.example"',
  stars: '*',
  'stars apart': '*a ',
  underscores: '_',
  'underscores apart': ' _a',
  'marks mixed': '*_~',
  'marks within words': 'a**b_c~~',
  quotes: '>',
  'quotes apart': '> ',
  'lines of quotes': '> a\n',
  items: '- ',
  'lines of items': '- a\n',
  'items without words': '-\n',
  'items far apart': '- a\n\n',
  'deeper items': '- a\n  - b\n    - c\n',
  hashes: '#',
  angles: '<',
  'angled addresses': '<https://',
  'addresses apart': '(https://[',
  'addresses in one word': 'https://%,',
  'letters an address begins with': 'h',
  'at signs': '@',
  mentions: '@Ada ',
  backslashes: '\\',
  digits: '7',
  'lines of digits': '7\n',
  numbers: '1. ',
  'zero width': '\u200b',
  'accents out of order': '\u0301\u0316',
  pictographs: '🙂',
  words: 'word ',
};

/** Each hostile text by its name, `chars` long. */
export function texts(chars: number): ReadonlyMap<string, string> {
  const half = Math.floor(chars / 2);
  const sixth = Math.floor(chars / 6);
  const found = new Map(Object.entries(REPEATED).map(([name, one]) => [name, one.repeat(chars / one.length + 1).slice(0, chars)]));
  found.set('a fence of tildes with a tick', '~'.repeat(chars - 1) + '`');
  found.set('a fence of ticks with a tick', '`'.repeat(chars - 2) + ' `');
  found.set('a long fence, then lines', '~'.repeat(half) + '\n~'.repeat(half / 2));
  found.set('spaces within', `a${' '.repeat(chars - 2)}b`);
  found.set('newlines within', `a${'\n'.repeat(chars - 2)}b`);
  found.set('an item and its spaces', `- ${' '.repeat(chars - 2)}`);
  found.set('openings, then ends', '['.repeat(half) + '](a)'.repeat(half / 4));
  found.set('labels, then an end', '[a]('.repeat(half / 4) + ' '.repeat(half) + ')');
  found.set('a link and its spaces', `[a](${' '.repeat(chars - 5)})`);
  found.set('openings of marks, then ends', '**a _b '.repeat(sixth / 2) + '_**'.repeat(sixth));
  found.set('an address, then brackets', `https://x.example/${'('.repeat(half)}${')'.repeat(half)}`);
  found.set('runs of every length', Array.from({ length: Math.floor(Math.sqrt(2 * chars)) }, (_, n) => '`'.repeat(n)).join(' '));
  return found;
}

/** Below it, a difference is noise. */
const FLOOR_MS = 2;
const ROUNDS = 5;

/**
 * The texts for which four times the length takes more than ten times as long, where its square
 * would take sixteen. The best times count; a text that looks slow is measured again, because the
 * machine may have been busy.
 */
export function slowTexts(work: (text: string) => unknown, chars = MAX_CHARS / 4): string[] {
  const long = texts(4 * chars);
  const slow: string[] = [];
  for (const [name, text] of texts(chars)) {
    let before = Infinity;
    let after = Infinity;
    const isSlow = (): boolean => after > 10 * Math.max(before, FLOOR_MS);
    for (let round = 0; round === 0 || (round < ROUNDS && isSlow() && after < 1000); round++) {
      before = Math.min(before, bestMs(work, text));
      after = Math.min(after, bestMs(work, long.get(name) ?? ''));
    }
    if (isSlow()) slow.push(`${name}: ${before.toFixed(1)} ms, then ${after.toFixed(1)} ms`);
  }
  return slow;
}

function bestMs(work: (text: string) => unknown, text: string): number {
  let best = Infinity;
  for (let run = 0; run < 3 && (run === 0 || best < 500); run++) {
    const start = performance.now();
    work(text);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
