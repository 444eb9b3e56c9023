/** Numbers of a thread and of its messages, and how an event changes them. Pure. */
import type { MessageEditData, Reference, ReferenceSetData, TimelineEvent } from '../wire/generated';

type Told = Pick<TimelineEvent, 'sender' | 'at'>;

/** A number was put there, written anew, or taken away. */
export function withReference(list: readonly Reference[], { sender, at }: Told, data: ReferenceSetData): Reference[] {
  const { id, kind, number, whose = '', matter } = data;
  const there = list.find((one) => one.id === id);
  const others = list.filter((one) => one !== there);
  if (!data.on) return others;
  const said = { id, kind, number, whose, matter };
  if (there) return list.map((one) => (one === there ? { ...one, ...said, rule: false } : one));
  return [...others, { ...said, set_by: sender, set_at: at, rule: data.rule ?? false }];
}

/** What a rule found in a message takes the place of what one found in it before. */
export function withRuled(list: readonly Reference[], { sender, at }: Told, found: MessageEditData['references'] = []): Reference[] {
  const known = new Map(found.map((one) => [one.id, one]));
  const kept = list.filter((one) => !one.rule || known.has(one.id)).map((one) => ({ ...one, ...known.get(one.id) }));
  const had = new Set(kept.map((one) => one.id));
  const fresh = found.filter((one) => !had.has(one.id));
  return [...kept, ...fresh.map(({ id, kind, number, whose = '' }) => ({ id, kind, number, whose, matter: id, set_by: sender, set_at: at, rule: true }))];
}
