/**
 * Places to replace, told by the words around them: see hub/formats/replacing.py, which finds them again.
 */
import type { Replacement } from '../../../wire/generated';

/** Characters on each side that tell a place. */
const AROUND = 32;
/** So many are asked for at once. */
export const MOST = 2000;

/** Words of a document with nothing between them. */
export interface Run {
  readonly text: string;
  /** Where it begins, as the editor counts. */
  readonly from: number;
}

export interface Match {
  readonly from: number;
  readonly to: number;
  readonly replacement: string;
}

/** What to ask the hub for. A match that does not lie within one run is left out. */
export function replacementsOf(runs: readonly Run[], matches: readonly Match[]): Replacement[] {
  const counted = new Map<string, Map<string, { of: number; nth: Map<number, number> }>>();
  const count = (old: string) => {
    const places = new Map<string, { of: number; nth: Map<number, number> }>();
    for (const run of runs) {
      for (let at = run.text.indexOf(old); at >= 0; at = run.text.indexOf(old, at + old.length)) {
        const key = JSON.stringify(around(run.text, at, at + old.length));
        const alike = places.get(key) ?? { of: 0, nth: new Map<number, number>() };
        places.set(key, alike);
        alike.nth.set(run.from + at, alike.of++);
      }
    }
    return places;
  };
  const wanted: Replacement[] = [];
  let index = 0;
  for (const { from, to, replacement } of matches) {
    while (index < runs.length - 1 && (runs[index + 1]?.from ?? 0) <= from) index++;
    const run = runs[index];
    if (!run || from < run.from || to > run.from + run.text.length || from === to) continue;
    const old = run.text.slice(from - run.from, to - run.from);
    let places = counted.get(old);
    if (!places) counted.set(old, (places = count(old)));
    const [before, after] = around(run.text, from - run.from, to - run.from);
    const alike = places.get(JSON.stringify([before, after]));
    const nth = alike?.nth.get(from);
    if (alike && nth !== undefined) wanted.push({ old, new: replacement, before, after, nth, of: alike.of });
  }
  return wanted;
}

function around(text: string, start: number, end: number): [string, string] {
  // Twice as many units hold as many characters, whatever these are.
  const before = [...text.slice(Math.max(0, start - 2 * AROUND), start)].slice(-AROUND);
  const after = [...text.slice(end, end + 2 * AROUND)].slice(0, AROUND);
  return [before.join(''), after.join('')];
}

/** `$1`, `$&` and `$$` of what is put in the place of a match of a regular expression. */
export function expanded(replacement: string, match: readonly (string | undefined)[]): string {
  return replacement.replace(/\$(\$|&|\d{1,2})/g, (whole, name: string) => {
    if (name === '$') return '$';
    if (name === '&') return match[0] ?? '';
    const number = Number(name);
    return number > 0 && number < match.length ? (match[number] ?? '') : whole;
  });
}
