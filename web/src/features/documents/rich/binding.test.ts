import { yUndoPluginKey } from '@tiptap/y-tiptap';
import { afterEach, expect, test } from 'vitest';

import { endAll, make, sync } from './fake-editors';

afterEach(endAll);

test('what others write after an undo is shown, also when the document became much shorter since', () => {
  const [ann, bob] = [make(1), make(2)];
  ann.editor.commands.setContent(`<p>one</p><p>${'long '.repeat(200)}</p><p>last</p>`);
  sync(ann, bob);
  ann.editor.commands.setTextSelection(ann.editor.state.doc.content.size - 3); // la|st
  yUndoPluginKey.getState(ann.editor.state)?.undoManager.stopCapturing();
  ann.editor.view.dispatch(ann.editor.state.tr.insertText('!'));
  sync(ann, bob);
  const [first, long] = bob.editor.state.doc.children.map((node) => node.nodeSize);
  bob.editor.view.dispatch(bob.editor.state.tr.delete(first!, first! + long!));
  sync(ann, bob);
  expect(ann.editor.getText()).toBe('one\n\nla!st');
  ann.editor.commands.undo();
  bob.editor.view.dispatch(bob.editor.state.tr.insertText('B', 1));
  sync(ann, bob);
  expect(ann.editor.getText()).toBe('Bone\n\nlast');
  expect(bob.shared).toEqual(ann.shared);
});
