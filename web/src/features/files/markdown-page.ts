/** Markdown as a page: no HTML of the text's own, and no picture, which would be asked for elsewhere. */
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false }).disable('image');

const openLink = markdown.renderer.rules['link_open'];
markdown.renderer.rules['link_open'] = (tokens, index, options, environment, self) => {
  tokens[index]?.attrSet('target', '_blank');
  tokens[index]?.attrSet('rel', 'noopener noreferrer nofollow');
  return openLink ? openLink(tokens, index, options, environment, self) : self.renderToken(tokens, index, options);
};

export function render(text: string): string {
  return markdown.render(text);
}
