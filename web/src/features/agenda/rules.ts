/** How a series comes back: those rules that a person chooses from, and others in words. Pure. */
import { dayOf } from './when';

export type Repeat = 'never' | 'daily' | 'weekdays' | 'weekly' | 'fortnightly' | 'monthly' | 'yearly' | 'other';

const RULES: Record<Exclude<Repeat, 'never' | 'other'>, string> = {
  daily: 'FREQ=DAILY',
  weekdays: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  weekly: 'FREQ=WEEKLY',
  fortnightly: 'FREQ=WEEKLY;INTERVAL=2',
  monthly: 'FREQ=MONTHLY',
  yearly: 'FREQ=YEARLY',
};

export const REPEAT_WORDS: Record<Repeat, string> = {
  never: 'Never',
  daily: 'Every day',
  weekdays: 'Every weekday',
  weekly: 'Every week',
  fortnightly: 'Every two weeks',
  monthly: 'Every month',
  yearly: 'Every year',
  other: 'As it does now',
};

const DAYS: Record<string, string> = { MO: 'Monday', TU: 'Tuesday', WE: 'Wednesday', TH: 'Thursday', FR: 'Friday', SA: 'Saturday', SU: 'Sunday' };
const UNITS: Record<string, string> = { HOURLY: 'hour', DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' };

function fieldsOf(rule: string): Map<string, string> {
  return new Map(rule.toUpperCase().split(';').filter(Boolean).map((part) => part.split('=', 2) as [string, string]));
}

/** Which of the choices a rule is, and the last day (`2026-12-31`) it has, if it says one. */
export function repeatOf(rule: string | null | undefined): { repeat: Repeat; until: string } {
  if (!rule) return { repeat: 'never', until: '' };
  const fields = fieldsOf(rule);
  const until = dayOfUntil(fields.get('UNTIL') ?? '');
  fields.delete('UNTIL');
  fields.delete('WKST');
  if (fields.get('INTERVAL') === '1') fields.delete('INTERVAL');
  const same = Object.entries(RULES).find(([, one]) => isSame(fieldsOf(one), fields));
  return { repeat: (same?.[0] ?? 'other') as Repeat, until };
}

/** The day here; that of a time is told in UTC. */
function dayOfUntil(until: string): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$/.exec(until) ?? [];
  if (year === undefined) return '';
  if (hour === undefined) return `${year}-${month}-${day}`;
  return dayOf(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${until.endsWith('Z') ? 'Z' : ''}`));
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

/** @param until the last day; the hub takes it as one on the clocks of the series. */
export function ruleOf(repeat: Exclude<Repeat, 'other'>, until: string): string | null {
  if (repeat === 'never') return null;
  return until === '' ? RULES[repeat] : `${RULES[repeat]};UNTIL=${until.replaceAll('-', '')}`;
}

/** every 2 weeks on Monday and Friday */
export function ruleWords(rule: string | null | undefined): string {
  if (!rule) return 'comes back';
  const { repeat, until } = repeatOf(rule);
  const end = until === '' ? '' : ` until ${until}`;
  if (repeat !== 'other') return REPEAT_WORDS[repeat].toLocaleLowerCase() + end;
  const fields = fieldsOf(rule);
  const unit = UNITS[fields.get('FREQ') ?? ''];
  if (unit === undefined) return 'comes back';
  const interval = Number(fields.get('INTERVAL') ?? 1);
  const days = (fields.get('BYDAY') ?? '').split(',').map((one) => DAYS[one]);
  const on = days.every((one) => one !== undefined) ? ` on ${together(days as string[])}` : '';
  const count = fields.has('COUNT') ? `, ${fields.get('COUNT')} times` : '';
  return `${interval > 1 ? `every ${interval} ${unit}s` : `every ${unit}`}${on}${count}${end}`;
}

function together(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : (words[0] ?? '');
}
