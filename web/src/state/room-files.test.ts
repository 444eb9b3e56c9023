import { expect, test } from 'vitest';

import { RoomFiles } from './room-files.svelte';

test('what came before the list was read is counted in it', async () => {
  const files = new RoomFiles({
    thread: 'r_1',
    http: { get: async <T>() => ({ attachments: [], head: 10, used: 500, quota: null, more: false }) as T },
    ask: async (work) => void (await work()),
    listed: () => undefined,
    commit: async () => undefined,
    send: async () => undefined,
    me: 'u_me',
  });
  await files.load();
  files.arrived(9, 100); // missed while away, told again
  files.arrived(11, 20);
  expect(files.used).toBe(520);
});
