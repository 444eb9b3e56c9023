import { describe, expect, it } from 'vitest';

import { slowTexts, texts } from '../../lib/hostile';
import { type Block, type Inline, parse, safeAddress } from './markdown';

/** The tree as a short text that is easy to compare. */
function brief(source: string, named: { uid: string; name: string }[] = []): string {
  return parse(source, named).map(block).join('|');
}

function block(one: Block): string {
  if (one.t === 'paragraph') return `p(${one.children.map(inline).join('')})`;
  if (one.t === 'code') return `code[${one.language}](${one.text})`;
  if (one.t === 'quote') return `quote(${one.children.map(block).join('|')})`;
  return `${one.ordered ? `ol${one.start}` : 'ul'}(${one.items.map((item) => item.map(block).join('|')).join(';')})`;
}

function inline(one: Inline): string {
  switch (one.t) {
    case 'text':
      return one.text;
    case 'code':
      return `<code ${one.text}>`;
    case 'break':
      return '⏎';
    case 'mention':
      return `<@${one.uid}>`;
    case 'link':
      return `<a ${one.href}>${one.children.map(inline).join('')}</a>`;
    default:
      return `<${one.t}>${one.children.map(inline).join('')}</${one.t}>`;
  }
}

function depth(nodes: readonly (Block | Inline)[]): number {
  return Math.max(
    0,
    ...nodes.map((one) => {
      if ('items' in one) return 1 + depth(one.items.flat());
      return 'children' in one ? 1 + depth(one.children) : 1;
    }),
  );
}

describe('parse', () => {
  it.each([
    ['plain words', 'p(plain words)'],
    ['one\ntwo\n\nthree', 'p(one⏎two)|p(three)'],
    ['**bold** and *slanted* and ~~gone~~', 'p(<bold>bold</bold> and <italic>slanted</italic> and <strike>gone</strike>)'],
    ['__bold__ and _slanted_', 'p(<bold>bold</bold> and <italic>slanted</italic>)'],
    ['***both***', 'p(<italic><bold>both</bold></italic>)'],
    ['**a *b* c**', 'p(<bold>a <italic>b</italic> c</bold>)'],
    ['snake_case_name and 2 * 3 * 4', 'p(snake_case_name and 2 * 3 * 4)'],
    ['*open **only', 'p(*open **only)'],
    ['\\*not slanted\\*', 'p(*not slanted*)'],
    ['`a * b` and ``x ` y``', 'p(<code a * b> and <code x ` y>)'],
    ['`open', 'p(`open)'],
    ['```js\nlet a = 1;\n\n**b**\n```\nafter', 'code[js](let a = 1;\n\n**b**)|p(after)'],
    ['```\nno end', 'code[](no end)'],
    ['> said\n> more\nanswer', 'quote(p(said⏎more))|p(answer)'],
    ['> > deep', 'quote(quote(p(deep)))'],
    ['- a\n- b\n  more\n  - c', 'ul(p(a);p(b⏎more)|ul(p(c)))'],
    ['3. a\n4. b', 'ol3(p(a);p(b))'],
    ['- a\n1. b', 'ul(p(a))|ol1(p(b))'],
    ['words\n- a', 'p(words)|ul(p(a))'],
    ['-no list', 'p(-no list)'],
    ['# no heading', 'p(# no heading)'],
    ['~~~~ py 3\n~~~\n ~~~~~ \nafter', 'code[py](~~~)|p(after)'],
    ['~~~ a`b', 'p(~~~ a`b)'],
    ['    ~~~\n    - a', 'p(~~~⏎- a)'],
    ['-    wide\n     more', 'ul(p(wide⏎more))'],
    ['1234567890. long', 'p(1234567890. long)'],
    ['-\n- \n-\ta', 'p(-⏎-)|ul(p(a))'],
    ['`a ``` b` ``c', 'p(<code a ``` b> ``c)'],
    ['\\`` a`', 'p(`<code  a>)'],
  ])('reads %j', (source, expected) => {
    expect(brief(source)).toBe(expected);
  });

  it.each([
    ['[a **b**](https://x.example/p)', 'p(<a https://x.example/p>a <bold>b</bold></a>)'],
    ['see https://x.example/a(b), or <https://y.example>.', 'p(see <a https://x.example/a(b)>https://x.example/a(b)</a>, or <a https://y.example/>https://y.example</a>.)'],
    ['(https://x.example/a)', 'p((<a https://x.example/a>https://x.example/a</a>))'],
    ['[mail](mailto:a@b.example)', 'p(<a mailto:a@b.example>mail</a>)'],
    ['[a [b]](https://x.example/)', 'p(<a https://x.example/>a [b]</a>)'],
    ['[relative](/api/session)', 'p([relative](/api/session))'],
    ['xhttps://no.example', 'p(xhttps://no.example)'],
    ['[a]( <https://x.example/> "title" )', 'p(<a https://x.example/>a</a>)'],
    ['[a](https://x.example/"title")', 'p(<a https://x.example/>a</a>)'],
    ['[a](https://x.example/"b)', 'p(<a https://x.example/%22b>a</a>)'],
    ['[a](https://x.example/ b)', 'p([a](<a https://x.example/>https://x.example/</a> b))'],
    ['[\\[a](https://x.example/)', 'p(<a https://x.example/>[a</a>)'],
    ['[[a](https://x.example/)', 'p([<a https://x.example/>a</a>)'],
    ['<https://x.example/ >', 'p(<<a https://x.example/>https://x.example/</a> >)'],
  ])('links %j', (source, expected) => {
    expect(brief(source)).toBe(expected);
  });

  it('names those who are mentioned, the longest name first', () => {
    const named = [
      { uid: 'u1', name: 'Ada' },
      { uid: 'u2', name: 'Ada Okafor' },
    ];
    expect(brief('@Ada Okafor and @Ada, not a@Ada or @Adam', named)).toBe('p(<@u2> and <@u1>, not a@Ada or @Adam)');
  });
});

describe('hostile messages', () => {
  const attempts = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\nscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](\u0001javascript:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '[x](vbscript:msgbox(1))',
    '[x](file:///etc/passwd)',
    '[x](//evil.example)',
    '<javascript:alert(1)>',
    '![x](javascript:alert(1))',
    '[x](blob:x.example/1)',
  ];

  it.each(attempts)('makes no link of %j', (source) => {
    expect(brief(source)).not.toContain('<a ');
  });

  it('keeps markup as words', () => {
    expect(brief('<b onclick=x>hi</b>')).toBe('p(<b onclick=x>hi</b>)');
  });

  it('does not let a link break out of its attribute', () => {
    const [found] = parse('https://x.example/"onmouseover="alert(1)');
    const link = found?.t === 'paragraph' ? found.children[0] : undefined;
    expect(link?.t === 'link' && link.href).toBe('https://x.example/%22onmouseover=%22alert(1)');
  });

  const named = [{ uid: 'u1', name: 'Ada' }];

  it('take time in proportion to their length', () => {
    expect(slowTexts((source) => parse(source, named))).toEqual([]);
  }, 60_000);

  it.each([...texts(40_000)])('make a shallow tree: %s', (_, source) => {
    expect(depth(parse(source, named))).toBeLessThan(64);
  });

  it('are one block where they open one', () => {
    expect(brief('~'.repeat(39_000))).toBe('code[]()');
    expect(brief('\n'.repeat(40_000))).toBe('');
  });
});

describe('safeAddress', () => {
  it('takes only absolute addresses that run nothing', () => {
    expect(safeAddress('https://x.example')).toBe('https://x.example/');
    expect(safeAddress('tel:+49123')).toBe('tel:+49123');
    expect(safeAddress('javascript:1')).toBeNull();
    expect(safeAddress('x.example')).toBeNull();
    expect(safeAddress(`https://x.example/${'a'.repeat(3000)}`)).toBeNull();
  });
});
