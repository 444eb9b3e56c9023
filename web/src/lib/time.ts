/** Times as people read them, in the browser's own manner. */
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayWithYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** 12:40 */
export function clockTime(at: number): string {
  return clock.format(at);
}

/** Noon of the calendar day before: days have 23 to 25 hours. */
function dayBefore(now: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - 1, 12).getTime();
}

/** Today, Yesterday, Thursday, 3 September */
export function dayName(at: number, now = Date.now()): string {
  if (sameDay(at, now)) return 'Today';
  if (sameDay(at, dayBefore(now))) return 'Yesterday';
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? day.format(at) : dayWithYear.format(at);
}

/** 12:40 today, 3 Sep before. */
export function briefTime(at: number, now = Date.now()): string {
  return sameDay(at, now) ? clock.format(at) : short.format(at);
}

export function fullTime(at: number): string {
  return full.format(at);
}
