import { expect, test } from 'vitest';
import * as Y from 'yjs';

import { lost, meet, shown } from './rescue';

function paragraphs(doc: Y.Doc): Y.XmlFragment {
  return doc.getXmlFragment('default');
}

function paragraph(text: string): Y.XmlElement {
  const made = new Y.XmlElement('paragraph');
  made.insert(0, [new Y.XmlText(text)]);
  return made;
}

function pair(): [Y.Doc, Y.Doc] {
  const [ann, bob] = [new Y.Doc(), new Y.Doc()];
  paragraphs(ann).insert(0, [paragraph('one'), paragraph('two')]);
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann));
  return [ann, bob];
}

/** Run `change` and return what it wrote. */
function written(doc: Y.Doc, change: () => void): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const hear = (update: Uint8Array): void => void updates.push(update);
  doc.on('update', hear);
  change();
  doc.off('update', hear);
  return updates;
}

const textOf = (doc: Y.Doc, index: number): Y.XmlText => (paragraphs(doc).get(index) as Y.XmlElement).get(0) as Y.XmlText;

test('words in a paragraph that somebody deleted are found', () => {
  const [ann, bob] = pair();
  const mine = written(bob, () => {
    for (const char of ' appended') textOf(bob, 1).insert(textOf(bob, 1).length, char);
    textOf(bob, 0).insert(0, 'kept ');
    textOf(bob, 1).delete(4, 1); // the person took a letter back: that is not lost
  });
  paragraphs(ann).delete(1, 1);
  const before = shown(bob, mine);
  expect(lost(bob, before)).toBe('');
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann));
  expect(lost(bob, before)).toBe('ppended');
});

test('words that somebody deleted with their neighbours, in several places', () => {
  const [ann, bob] = pair();
  const mine = written(bob, () => {
    textOf(bob, 0).insert(3, ' first');
    textOf(bob, 1).insert(3, ' second');
  });
  paragraphs(ann).delete(0, 2);
  const before = shown(bob, mine);
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann));
  expect(lost(bob, before)).toBe('first\n second');
});

test('words in a text stay when what was before them is deleted', () => {
  const [ann, bob] = [new Y.Doc(), new Y.Doc()];
  ann.getText('content').insert(0, 'all');
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann));
  const mine = written(bob, () => bob.getText('content').insert(3, ' appended'));
  ann.getText('content').delete(0, 3);
  const before = shown(bob, mine);
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(ann));
  expect(lost(bob, before)).toBe('');
  expect(bob.getText('content').toString()).toBe(' appended');
});

test('words in what one deleted without seeing them are found, in both orders', () => {
  const [ann, bob] = pair();
  const gone = written(ann, () => paragraphs(ann).delete(1, 1));
  const typed = written(bob, () => {
    textOf(bob, 1).insert(3, ' appended');
    textOf(bob, 1).delete(11, 1);
    textOf(bob, 0).insert(3, ' stays');
  });
  const merged = Y.mergeUpdates(typed);
  // Ann's deletion is not on the hub yet, Bob's words are.
  expect(meet(ann, merged, 'hub', gone)).toEqual({ mine: '', theirs: 'appende' });
  // Bob's words are not on the hub yet, Ann's deletion is.
  expect(meet(bob, Y.mergeUpdates(gone), 'hub', typed)).toEqual({ mine: 'appende', theirs: '' });
  // A third knows both and has nothing of his own on the way.
  const [carl] = pair();
  expect(meet(carl, merged, 'hub', [])).toEqual({ mine: '', theirs: '' });
});

test('what comes deleted, or waits for something earlier, is nobody\u2019s loss', () => {
  const [ann, bob] = pair();
  const gone = written(ann, () => paragraphs(ann).delete(1, 1));
  const [first, second] = written(bob, () => {
    textOf(bob, 0).insert(3, ' first');
    textOf(bob, 0).insert(9, ' second');
  });
  expect(meet(ann, second as Uint8Array, 'hub', gone)).toEqual({ mine: '', theirs: '' });
  expect(meet(ann, first as Uint8Array, 'hub', gone)).toEqual({ mine: '', theirs: '' });
  expect(textOf(ann, 0).toString()).toBe('one first second');
  const taken = written(bob, () => {
    textOf(bob, 1).insert(3, ' never');
    textOf(bob, 1).delete(3, 6);
  });
  expect(meet(ann, Y.mergeUpdates(taken), 'hub', gone).theirs).toBe('');
});
