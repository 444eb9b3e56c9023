/** Markdown as a page: no HTML of the text's own, and no picture, which would be asked for elsewhere. */
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false }).disable('image');

const openLink = markdown.renderer.rules['link_open'];
markdown.renderer.rules['link_open'] = (tokens, index, options, environment, self) => {
  tokens[index]?.attrSet('target', '_blank');
  tokens[index]?.attrSet('rel', 'noopener noreferrer nofollow');
  return openLink ? openLink(tokens, index, options, environment, self) : self.renderToken(tokens, index, options);
};

// The page has a heading already, and the file's name is one below it.
markdown.core.ruler.push('lower_headings', ({ tokens }) => {
  for (const token of tokens) if (token.type.startsWith('heading_')) token.tag = `h${Math.min(6, Number(token.tag[1]) + 2)}`;
});

export function render(text: string): string {
  return markdown.render(text);
}
