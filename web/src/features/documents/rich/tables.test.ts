import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Node } from '@tiptap/pm/model';
import { TableMap } from '@tiptap/pm/tables';
import * as Y from 'yjs';

import { FRAGMENT_NAME } from '../../../state/documents';
import { FakeEditor, sync } from './fake-editors';
import { span } from './tables';

const editors: FakeEditor[] = [];

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  for (const one of editors.splice(0)) one.end();
  vi.useRealTimers();
});

function make(clientId: number, options?: { leads?: boolean; editable?: boolean }): FakeEditor {
  const one = new FakeEditor(clientId, options);
  editors.push(one);
  return one;
}

function tableOf(one: FakeEditor): Node {
  const found: Node[] = [];
  one.editor.state.doc.descendants((node) => {
    if (node.type.name === 'table') found.push(node);
  });
  expect(found.length).toBe(1);
  return found[0] as Node;
}

/** Rows, columns, and whether each place has exactly one cell. */
function shape(one: FakeEditor): { rows: number; columns: number; whole: boolean } {
  const table = tableOf(one);
  const map = TableMap.get(table);
  return { rows: map.height, columns: map.width, whole: map.problems === null };
}

/** Put the caret into a cell and type. */
function type(one: FakeEditor, row: number, column: number, text: string): void {
  let position = -1;
  one.editor.state.doc.descendants((node, at) => {
    if (node.type.name !== 'table') return true;
    let offset = at + 1;
    for (let index = 0; index < row; index++) offset += node.child(index).nodeSize;
    offset += 1;
    for (let index = 0; index < column; index++) offset += node.child(row).child(index).nodeSize;
    position = offset + 2;
    return false;
  });
  one.editor.chain().setTextSelection(position).insertContent(text).run();
}

function settle(): void {
  for (let round = 0; round < 4; round++) {
    vi.advanceTimersByTime(2_000);
    sync(...editors);
  }
}

test('a row and a column, added apart, are a row and a column', () => {
  const ann = make(11, { leads: true });
  const bob = make(12);
  ann.editor.commands.insertTable({ rows: 3, cols: 3, withHeaderRow: false });
  sync(ann, bob);
  for (let row = 0; row < 3; row++) for (let column = 0; column < 3; column++) type(ann, row, column, `${row}${column}`);
  sync(ann, bob);
  type(ann, 2, 2, '');
  ann.editor.commands.addRowAfter();
  type(bob, 1, 2, '');
  bob.editor.commands.addColumnAfter();
  sync(ann, bob);
  settle();
  expect(shape(ann)).toEqual({ rows: 4, columns: 4, whole: true });
  expect(bob.shared).toEqual(ann.shared);
  const words = tableOf(ann).textContent;
  for (let row = 0; row < 3; row++) for (let column = 0; column < 3; column++) expect(words).toContain(`${row}${column}`);
});

test('five rounds of rows, columns and words, each apart: the same everywhere, nothing lost, nothing more', () => {
  const people = [make(21, { leads: true }), make(22), make(23)];
  make(24, { editable: false });
  const [ann, bob] = people as [FakeEditor, FakeEditor];
  ann.editor.commands.insertTable({ rows: 3, cols: 3, withHeaderRow: false });
  sync(...editors);
  const said: string[] = [];
  for (let round = 0; round < 5; round++) {
    for (const [index, one] of people.entries()) {
      const word = `w${round}${index}`;
      said.push(word);
      type(one, round % 3, index, `${word} `);
    }
    type(ann, 0, 0, '');
    ann.editor.commands.addRowAfter();
    type(bob, 1, 1, '');
    bob.editor.commands.addColumnAfter();
    sync(...editors);
    for (const [index, one] of people.entries()) {
      const word = `x${round}${index}`;
      said.push(word);
      type(one, 2, index, `${word} `);
    }
    sync(...editors);
    settle();
  }
  expect(shape(ann)).toEqual({ rows: 8, columns: 8, whole: true });
  for (const one of editors) expect(one.shared).toEqual(ann.shared);
  const words = tableOf(ann).textContent;
  for (const word of said) expect(words.split(word).length - 1, word).toBe(1);
});

test('nobody but the one repairs, and readers write nothing', () => {
  const ann = make(31);
  const bob = make(32, { editable: false });
  ann.editor.commands.insertTable({ rows: 2, cols: 2, withHeaderRow: false });
  sync(ann, bob);
  const fragment = ann.doc.getXmlFragment(FRAGMENT_NAME);
  const table = fragment.toArray().find((one) => one instanceof Y.XmlElement && one.nodeName === 'table') as Y.XmlElement;
  (table.get(0) as Y.XmlElement).delete(0, 1);
  sync(ann, bob);
  const before = Y.encodeStateVector(ann.doc);
  vi.advanceTimersByTime(60_000);
  ann.editor.commands.insertContentAt(0, 'x');
  sync(ann, bob);
  vi.advanceTimersByTime(60_000);
  expect(shape(ann).whole).toBe(false);
  expect(Y.encodeStateVector(bob.doc)).toEqual(Y.encodeStateVector(ann.doc));
  expect(Y.encodeStateVector(ann.doc)).not.toEqual(before);
});

test('a span is a whole number, whatever is written', () => {
  expect([span('3'), span('1.5'), span('abc'), span(0), span(-4), span(1e9), span(null), span(NaN)]).toEqual([3, 1, 1, 1, 1, 100, 1, 1]);
  const ann = make(41);
  ann.editor.commands.insertTable({ rows: 2, cols: 2, withHeaderRow: false });
  const table = ann.doc.getXmlFragment(FRAGMENT_NAME).toArray().find((one) => one instanceof Y.XmlElement && one.nodeName === 'table') as Y.XmlElement;
  const cell = (table.get(0) as Y.XmlElement).get(0) as Y.XmlElement<{ colspan: number | string }>;
  cell.setAttribute('colspan', 1.5);
  cell.setAttribute('colspan', 'many');
  expect(tableOf(ann).child(0).child(0).attrs['colspan']).toBe(1);
});
