import { expect, test } from 'vitest';

import { scrollsSideways } from './keys';

test('whether arrow keys scroll what has the focus', () => {
  document.body.innerHTML = '<section><div class="wide" style="overflow-x: auto"><button></button></div><div class="cut" style="overflow-x: hidden"><button></button></div></section>';
  const pane = document.querySelector('section')!;
  const inside = (name: string): Element => document.querySelector(`.${name} button`)!;
  expect(scrollsSideways(inside('wide'), pane)).toBe(false);
  for (const name of ['wide', 'cut']) {
    Object.defineProperty(document.querySelector(`.${name}`), 'scrollWidth', { value: 900 });
    Object.defineProperty(document.querySelector(`.${name}`), 'clientWidth', { value: 300 });
  }
  expect(scrollsSideways(inside('wide'), pane)).toBe(true);
  expect(scrollsSideways(inside('cut'), pane)).toBe(false); // nobody can scroll it
  expect(scrollsSideways(inside('wide'), document.querySelector('.wide')!)).toBe(false); // what is around does not count
});
