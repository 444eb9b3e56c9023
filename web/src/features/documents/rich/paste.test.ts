import { expect, test } from 'vitest';

import { cleanPasted } from './paste';

/** A paragraph of a list as Word writes it. */
const word = (mark: string, text: string, level = 1, list = 0): string =>
  `<p class=MsoListParagraphCxSpMiddle style='text-indent:-18.0pt;mso-list:l${list} level${level} lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>${mark}<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span></span><![endif]>${text}<o:p></o:p></p>`;

function outline(html: string): unknown {
  const page = new DOMParser().parseFromString(cleanPasted(html), 'text/html');
  const of = (element: Element): unknown => {
    const children = [...element.children].map(of);
    return /^(UL|OL|LI)$/.test(element.tagName) ? { [element.tagName.toLowerCase()]: children } : (element.textContent ?? '').trim();
  };
  return [...page.body.children].map(of);
}

test('paragraphs with mso-list become lists, nested by their level', () => {
  expect(outline([word('·', 'one'), word('o', 'one a', 2), word('o', 'one b', 2), word('·', 'two')].join('\n'))).toEqual([
    { ul: [{ li: ['one', { ul: [{ li: ['one a'] }, { li: ['one b'] }] }] }, { li: ['two'] }] },
  ]);
});

test('what is counted is an ordered list, from where it begins', () => {
  const html = cleanPasted([word('3.', 'three'), word('4.', 'four'), '<p>between</p>', word('a)', 'letter', 1, 2)].join(''));
  expect(html).toContain('<ol start="3"><li><p>three</p></li><li><p>four</p></li></ol><p>between</p><ol><li><p>letter</p></li></ol>');
});

test('two lists one after the other stay two', () => {
  expect(outline(word('·', 'one', 1, 0) + word('1.', 'other', 1, 5))).toEqual([{ ul: [{ li: ['one'] }] }, { ol: [{ li: ['other'] }] }]);
});

test('a list that begins deeper, and one that goes back more than it came', () => {
  expect(outline(word('o', 'deep', 3) + word('·', 'up', 1))).toEqual([{ ul: [{ li: ['deep'] }] }, { ul: [{ li: ['up'] }] }]);
});

test('style sheets, scripts and spans that are none are left out', () => {
  const html = cleanPasted("<html><head><style>p{color:red}</style><meta charset=utf-8></head><body><table><tr><td colspan='1.5' rowspan=abc>x</td></tr></table><script>alert(1)</script></body></html>");
  expect(html).toBe('<table><tbody><tr><td colspan="1" rowspan="1">x</td></tr></tbody></table>');
});

test('handlers are left out, and words that only look like one stay', () => {
  const html = cleanPasted('<p onclick="a()" ONLOAD=b class="x">onclick=go <a href="https://example.com/?onset=1">on = off</a></p>');
  expect(html).toBe('<p class="x">onclick=go <a href="https://example.com/?onset=1">on = off</a></p>');
});

test('what is not of Word stays as it is', () => {
  const html = '<p>a <b>bold</b> <a href="https://example.com">link</a></p><ul><li>item</li></ul>';
  expect(cleanPasted(html)).toBe(html);
});
