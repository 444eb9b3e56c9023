import { expect, test } from 'vitest';

import { moment, understood } from './words';

/** Friday, noon. */
const NOW = new Date('2026-11-27T12:00:00');

test.each([
  ['Call Ivan tomorrow 9:00', 'Call Ivan', '2026-11-28', '09:00', null],
  ['Call Ivan tomorrow at 9', 'Call Ivan', '2026-11-28', '09:00', null],
  ['tomorrow: call Ivan', 'call Ivan', '2026-11-28', '', null],
  ['Send the offer by Friday', 'Send the offer', '2026-11-27', '', null],
  ['Send the offer by Monday', 'Send the offer', '2026-11-30', '', null],
  ['Board meeting first Monday 10:00', 'Board meeting', '2026-12-07', '10:00', null],
  ['Ask on the second tuesday of next month', 'Ask', '2026-12-08', '', null],
  ['First Monday of the month: rent', 'rent', '2026-12-07', '', null],
  ['Send the offer on 3 December', 'Send the offer', '2026-12-03', '', null],
  ['Pay in three days', 'Pay', '2026-11-30', '', null],
  ['Pay INV-2026-0042 next monday', 'Pay INV-2026-0042', '2026-11-30', '', null],
  ['Discuss the May budget', 'Discuss the May budget', null, '', null],
  ['Order 12 pieces', 'Order 12 pieces', null, '', null],
  ['tomorrow', 'tomorrow', null, '', null],
  ['every day', 'every day', null, '', null],
  ['Report every Monday 9:00', 'Report', '2026-11-30', '09:00', 'FREQ=WEEKLY;BYDAY=MO'],
  ['Report every friday', 'Report', '2026-11-27', '', 'FREQ=WEEKLY;BYDAY=FR'],
  ['Water the plants every day', 'Water the plants', '2026-11-27', '', 'FREQ=DAILY'],
  ['Stand-up every weekday at 9:15', 'Stand-up', '2026-11-27', '09:15', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
  ['Rent every month', 'Rent', '2026-11-27', '', 'FREQ=MONTHLY'],
])('%s', (text, title, day, time, rule) => {
  expect(understood(text, NOW)).toEqual({ title, due: day === null ? null : { day, time }, rule });
});

test.each([
  ['tomorrow 9', '2026-11-28', '09:00'],
  ['first Monday', '2026-12-07', ''],
  ['in three days', '2026-11-30', ''],
  ['in 2 hours', '2026-11-27', '14:00'],
  ['next week', null, ''],
  ['soon', null, ''],
])('a moment: %s', (text, day, time) => {
  const found = moment(text, NOW);
  expect(found).toEqual(day === null ? found : { day, time });
});
