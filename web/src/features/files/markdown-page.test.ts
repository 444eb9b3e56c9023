import { expect, test } from 'vitest';

import { render } from './markdown-page';

test.each([
  ['# One', '<h3>One</h3>\n'],
  ['##### Deep', '<h6>Deep</h6>\n'],
  ['<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n'],
  ['<img src=x onerror=alert(1)>', '<p>&lt;img src=x onerror=alert(1)&gt;</p>\n'],
  ['[a](javascript:alert(1))', '<p>[a](javascript:alert(1))</p>\n'],
  ['[a](https://example.org)', '<p><a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">a</a></p>\n'],
])('%s', (text, html) => {
  expect(render(text)).toBe(html);
});

test('a picture would be asked for elsewhere', () => {
  expect(render('![a](https://example.org/a.png)')).not.toContain('<img');
});
