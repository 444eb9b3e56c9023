import { expect, test } from 'vitest';

import { expanded, replacementsOf } from './places';

const runs = (...texts: string[]) => {
  let from = 1;
  return texts.map((text) => {
    const run = { text, from };
    from += text.length + 2;
    return run;
  });
};

test('a place is told by the words around it', () => {
  const [run] = runs('one foo, two foo');
  if (!run) throw new Error();
  expect(replacementsOf([run], [{ from: 5, to: 8, replacement: 'x' }, { from: 14, to: 17, replacement: 'x' }])).toEqual([
    { old: 'foo', new: 'x', before: 'one ', after: ', two foo', nth: 0, of: 1 },
    { old: 'foo', new: 'x', before: 'one foo, two ', after: '', nth: 0, of: 1 },
  ]);
});

test('places that look the same are counted', () => {
  const cells = runs('foo', 'foo', 'bar', 'foo');
  const second = cells[1];
  if (!second) throw new Error();
  expect(replacementsOf(cells, [{ from: second.from, to: second.from + 3, replacement: '' }])).toEqual([{ old: 'foo', new: '', before: '', after: '', nth: 1, of: 3 }]);
});

test('what lies over the end of a run is left out', () => {
  expect(replacementsOf(runs('foo', 'bar'), [{ from: 2, to: 8, replacement: 'x' }, { from: 2, to: 2, replacement: 'x' }])).toEqual([]);
});

test('characters are counted as the hub counts them', () => {
  const text = `${'😀'.repeat(40)}foo`;
  const [found] = replacementsOf([{ text, from: 0 }], [{ from: 80, to: 83, replacement: 'x' }]);
  expect(found?.before).toBe('😀'.repeat(32));
});

test('groups of a regular expression', () => {
  const match = /(\w+)-(\w+)?/.exec('ab-cd') ?? [];
  expect(expanded('$2:$1 $& $$ $9 $', match)).toBe('cd:ab ab-cd $ $9 $');
});
