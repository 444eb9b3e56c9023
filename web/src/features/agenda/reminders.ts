/** Reminders told to the hub, and when they are, in words. */
import { api } from '../../api/client';
import type { HubState } from '../../state';
import { newSendId } from '../../wire/ids';
import type { Moment, NewReminder, Reminder, Reminders } from '../../wire/generated';
import { dayOf, here, whenWords } from './when';

type Wish = Omit<NewReminder, 'zone' | 'send_id'>;

export const reminders = {
  list: async (): Promise<readonly Reminder[]> => (await api.get<Reminders>('/api/reminders')).reminders,
  add: (wish: Wish): Promise<Reminder> => api.post<Reminder>('/api/reminders', { ...wish, zone: here(), send_id: newSendId() }),
  move: (reminder: string, when: Moment): Promise<Reminder> => api.patch<Reminder>(`/api/reminders/${encodeURIComponent(reminder)}`, { when }),
  remove: (reminder: string): Promise<void> => api.delete(`/api/reminders/${encodeURIComponent(reminder)}`),
};

/** It was seen: it is gone at once, on every device. */
export async function see(hub: HubState, notice: string): Promise<void> {
  await api.delete(`/api/notices/${encodeURIComponent(notice)}`);
  hub.notices.gone(notice);
}

export async function snooze(hub: HubState, notice: string, when: Moment): Promise<void> {
  await api.post(`/api/notices/${encodeURIComponent(notice)}/snooze`, { when });
  hub.notices.gone(notice);
}

/** A moment some time from now, to the minute. */
export function inMinutes(minutes: number, now = Date.now()): Moment {
  return momentAt(now + minutes * 60_000);
}

/** Tomorrow at nine, or on Monday. */
export function morning(days: number, now = Date.now()): Moment {
  const date = new Date(now);
  return momentAt(new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, 9).getTime());
}

export function momentAt(at: number): Moment {
  const date = new Date(at);
  const two = (number: number): string => String(number).padStart(2, '0');
  return { local: `${dayOf(at)}T${two(date.getHours())}:${two(date.getMinutes())}:00`, zone: here() };
}

export const BEFORE: readonly { readonly value: string; readonly label: string }[] = [
  { value: '0', label: 'When it begins' },
  { value: '300', label: '5 minutes before' },
  { value: '900', label: '15 minutes before' },
  { value: '3600', label: '1 hour before' },
  { value: '86400', label: '1 day before' },
];

export function reminderWords(one: Reminder, now: number): string {
  if (one.at == null) return 'there is no moment to come';
  return whenWords({ local: '', at: one.at }, now);
}
