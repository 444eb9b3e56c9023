import { indentUnit } from '@codemirror/language';
import { EditorState, Text } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { expect, test } from 'vitest';

import { stepOf, tabKeys } from './indent';

const doc = (text: string): Text => Text.of(text.split('\n'));

test.each([
  ['Makefile', null, 'all:\n    spaces', '\t'],
  ['build/GNUmakefile', null, '', '\t'],
  ['rules.mk', null, '', '\t'],
  ['main.go', null, '', '\t'],
  ['Notes', 'go', '', '\t'],
  ['main.py', null, '', '    '],
  ['Notes', 'python', '', '    '],
  ['Notes', 'python', 'a:\n  b\n  c', '  '],
  ['app.ts', null, '', '  '],
  ['app.ts', null, 'a\n\tb\n\tc\n  d', '\t'],
  ['app.ts', null, 'a\n    b\n        c\n    d', '    '],
])('a step in %s (%s)', (title, language, text, step) => {
  expect(stepOf(title, language, doc(text))).toBe(step);
});

function press(text: string, at: number, unit: string): string {
  const view = new EditorView({ state: EditorState.create({ doc: text, selection: { anchor: at }, extensions: [indentUnit.of(unit), keymap.of([...tabKeys])] }) });
  tabKeys[0]?.run?.(view);
  return view.state.doc.toString();
}

test('Tab indents a line, goes to the next stop within one, and is a tab where tabs are right', () => {
  expect(press('x', 0, '  ')).toBe('  x');
  expect(press('  x', 2, '  ')).toBe('    x');
  expect(press('abc', 3, '    ')).toBe('abc ');
  expect(press('abcd', 4, '    ')).toBe('abcd    ');
  expect(press('x', 0, '\t')).toBe('\tx');
  expect(press('a b', 1, '\t')).toBe('a\t b');
});
