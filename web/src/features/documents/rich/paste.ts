/**
 * What other programs put on the clipboard, made into the HTML they meant.
 *
 * Word writes a list as paragraphs with their marks as text; every program brings style sheets that
 * are of no use here and that the page's policy forbids.
 */
import { span } from './tables';

/** Whole elements that are no content. */
const FOREIGN = /<(style|script|title|xml)\b[^>]*>[\s\S]*?(?:<\/\1\s*>|$)|<(?:meta|link|base)\b[^>]*>/gi;
/** Word's own elements and conditions: an end of a paragraph, smart tags. What is in them stays. */
const OFFICE = /<\/?[a-z]\d*:[a-z]+\b[^>]*>|<!\[(?:if|endif)\b[^>]*>/gi;
/** Where the name of an event handler may begin. */
const HANDLER = /\bon(?=[a-z]+\s*=)/gi;
const LEVEL = /mso-list:\s*l(\d+)\s+level(\d+)/i;
/** "1.", "a)", "(iv)": what counts; all else is a bullet. */
const COUNTED = /^\(?(?:\d+|[a-z]{1,4})[.)]/i;
const MAX_LEVEL = 9;

export function cleanPasted(html: string): string {
  // A browser complains of handlers as soon as it reads them, also in a page that is never shown. So
  // whatever may be one gets another name before, and its own back where it was none.
  const mark = `not${Math.random().toString(36).slice(2)}-`;
  const marked = html.replace(FOREIGN, '').replace(OFFICE, '').replace(HANDLER, `${mark}$&`);
  const page = new DOMParser().parseFromString(marked, 'text/html');
  for (const element of page.body.querySelectorAll('*')) tidy(element, mark);
  unmark(page.body, mark);
  makeLists(page);
  return page.body.innerHTML;
}

/** No handlers; a span is a number. */
function tidy(element: Element, mark: string): void {
  for (const { name, value } of [...element.attributes]) {
    if (name.includes(mark)) element.removeAttribute(name);
    else if (name === 'colspan' || name === 'rowspan') element.setAttribute(name, String(span(value)));
    else if (value.includes(mark)) element.setAttribute(name, value.replaceAll(mark, ''));
  }
}

function unmark(root: Element, mark: string): void {
  const texts = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.nodeValue?.includes(mark)) text.nodeValue = text.nodeValue.replaceAll(mark, '');
  }
}

interface Level {
  readonly list: Element;
  readonly level: number;
  readonly id: string;
}

/** Word's paragraphs with `mso-list` become lists, nested by their level. */
function makeLists(page: Document): void {
  let open: Level[] = [];
  let previous: Element | null = null;
  for (const paragraph of [...page.querySelectorAll('p, h1, h2, h3, h4, h5, h6')]) {
    const found = LEVEL.exec(paragraph.getAttribute('style') ?? '');
    if (!found || !paragraph.matches('p')) continue;
    const [, id = '', depth = '1'] = found;
    const level = Math.min(MAX_LEVEL, Math.max(1, Number(depth)));
    if (previous === null || !isNext(previous, paragraph)) open = [];
    while (open.length > 0 && ((open.at(-1)?.level ?? 0) > level || (open.at(-1)?.level === level && open.at(-1)?.id !== id))) open.pop();
    const mark = takeMark(paragraph);
    let at = open.at(-1);
    if (!at || at.level < level) {
      const list = page.createElement(COUNTED.test(mark) ? 'ol' : 'ul');
      const first = /^\(?(\d+)/.exec(mark)?.[1];
      if (first !== undefined && first !== '1') list.setAttribute('start', first);
      if (at) at.list.lastElementChild?.append(list);
      else if (previous !== null && open.length === 0 && isNext(previous, paragraph)) previous.after(list);
      else paragraph.before(list);
      at = { list, level, id };
      open.push(at);
    }
    const item = page.createElement('li');
    const content = page.createElement('p');
    content.append(...paragraph.childNodes);
    item.append(content);
    at.list.append(item);
    paragraph.remove();
    previous = open[0]?.list ?? null;
  }
}

/** Whether nothing but white space stands between two elements. */
function isNext(before: Element, after: Element): boolean {
  for (let node = before.nextSibling; node; node = node.nextSibling) {
    if (node === after) return true;
    if (node instanceof Element || node.textContent?.trim()) return false;
  }
  return false;
}

/** Take the mark out of a paragraph; returns it. */
function takeMark(paragraph: Element): string {
  const mark = [...paragraph.querySelectorAll('span')].find((one) => /mso-list:\s*Ignore/i.test(one.getAttribute('style') ?? ''));
  if (!mark) return '';
  const text = mark.textContent?.trim() ?? '';
  let empty: Element = mark;
  while (empty.parentElement?.localName === 'span' && empty.parentElement.textContent === mark.textContent) empty = empty.parentElement;
  empty.remove();
  return text;
}
