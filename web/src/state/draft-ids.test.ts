import { afterEach, expect, test } from 'vitest';

import { DraftIds } from './draft-ids';

const open: DraftIds[] = [];
const tab = (): DraftIds => {
  const ids = new DraftIds('u_me');
  open.push(ids);
  return ids;
};
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  localStorage.clear();
});

test('two tabs write one draft, until one of them sends it', () => {
  const [one, two] = [tab(), tab()];
  const first = one.get('r_1');
  expect(two.get('r_1')).toBe(first);
  one.keepApart('r_1', [['u', true]]);
  expect(two.apart('r_1')).toEqual(new Map([['u', true]]));
  const told: string[] = [];
  const stop = two.listen((thread) => told.push(thread));
  const next = one.renew('r_1');
  // Browsers tell the other tabs only.
  globalThis.dispatchEvent(new StorageEvent('storage', { key: 'hub.draft-id.u_me.r_1' }));
  globalThis.dispatchEvent(new StorageEvent('storage', { key: 'hub.draft-id.u_other.r_1' }));
  expect(told).toEqual(['r_1']);
  expect([two.get('r_1'), two.apart('r_1').size]).toEqual([next, 0]);
  stop();
  globalThis.dispatchEvent(new StorageEvent('storage', { key: 'hub.draft-apart.u_me.r_1' }));
  expect(told).toHaveLength(1);
});
