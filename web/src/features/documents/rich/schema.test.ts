/** What docs/protocol.md says of rich text is what the editor knows: another client keeps to it. */
import { getSchema } from '@tiptap/core';
import { expect, test } from 'vitest';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { SCHEMA_VERSION } from '../../../state/documents';
import page from '../../../../../docs/protocol.md?raw';
import { Carets } from './carets';
import { extensionsOf } from './schema';

const table = page.slice(page.indexOf('<!-- schema -->'), page.indexOf('<!-- end of schema -->'));

function written(attributes: string): Record<string, unknown> {
  if (attributes.trim() === '–') return {};
  const parts = attributes.replace(/\([^)]*\)/g, '').split(',');
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', given] = part.trim().split('=', 2) as [string, string?];
      return [name, given === undefined ? null : JSON.parse(given)];
    }),
  );
}

function known(attributes: Record<string, { default?: unknown }> | null | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes ?? {}).map(([name, { default: value }]) => [name, value ?? null]));
}

test('every node and mark is documented, and nothing more', () => {
  const doc = new Y.Doc();
  const carets = new Carets(() => ({ name: '', colour: '#000000' }));
  const schema = getSchema(
    extensionsOf({ doc, awareness: new Awareness(doc), carets, mention: {}, isEditable: () => true, mayRepairTables: () => false, drawPicture: () => ({ dom: document.createElement('img') }), version: SCHEMA_VERSION, turns: true }),
  );
  const rows = [...table.matchAll(/^\| (mark )?(`.*?)\|.*?\|(.*?)\|$/gm)].flatMap(([, mark, names = '', attributes = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [`${mark ?? ''}${name}`, written(attributes)] as const),
  );
  const nodes = Object.values(schema.nodes).filter(({ name }) => name !== 'doc' && name !== 'text');
  const here = [
    ...nodes.map(({ name, spec }) => [name, known(spec.attrs)] as const),
    ...Object.values(schema.marks).map(({ name, spec }) => [`mark ${name}`, known(spec.attrs)] as const),
  ];
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(here));
});
