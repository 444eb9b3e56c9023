/**
 * Plain words of a message: the Markdown marks taken off, shortened. Pure.
 *
 * The same as hub/wire/excerpt.py, so that a row of the inbox reads alike before and after a reload.
 */
const FENCE = /^\s*(```|~~~).*$/gm;
const BLOCK = /^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d+[.)]\s+)/gm;
const LINK = /!?\[([^\]\n]*)\]\([^)\n]*\)/g;
const INLINE = /(\*\*|__|~~|`|(?<![\p{L}\p{N}_])[*_]|[*_](?![\p{L}\p{N}_]))/gu;
const SPACE = /\s+/g;

export function plain(text: string): string {
  return text.replace(FENCE, ' ').replace(BLOCK, '').replace(LINK, '$1').replace(INLINE, '').replace(SPACE, ' ').trim();
}

/** At most `limit` characters (code points) of the plain words, cut at a word. */
export function excerpt(text: string, limit = 140): string {
  const words = [...plain([...text].slice(0, limit * 8).join(''))];
  if (words.length <= limit) return words.join('');
  const cut = words.lastIndexOf(' ', limit - 1);
  return `${words
    .slice(0, cut >= limit / 2 ? cut : limit - 1)
    .join('')
    .trimEnd()}…`;
}
