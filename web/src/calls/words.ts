/** What a line of the history says of a call. Pure. */
import type { Call } from '../wire/generated';
import { durationOf, isRunning, stayOf } from './state';

/** Those who were in it, or are, the longest first. */
export function participants(call: Call, now: number): string[] {
  const was = Object.keys(call.people).filter((uid) => call.people[uid]?.state === 'in' || stayOf(call, uid, now) > 0);
  return was.sort((a, b) => stayOf(call, b, now) - stayOf(call, a, now) || (a < b ? -1 : 1));
}

/**
 * @param me who reads it.
 * @param now Unix ms.
 */
export function callWords(call: Call, me: string, nameOf: (uid: string) => string, now: number): string {
  const mine = call.people[me]?.state;
  const by = nameOf(call.by);
  if (isRunning(call)) {
    const inside = Object.keys(call.people).filter((uid) => call.people[uid]?.state === 'in');
    if (mine === 'ringing' && call.by !== me) return `${by} is calling`;
    return `Call: ${inside.map((uid) => (uid === me ? 'you' : nameOf(uid))).join(', ')}`;
  }
  const people = participants(call, now).length;
  if (people > 1) return `Call, ${spanWords(durationOf(call))}, ${people} people${mine === 'missed' ? ', missed by you' : ''}`;
  if (mine === 'missed') return `You missed a call from ${by}`;
  if (mine === 'declined') return `You declined a call from ${by}`;
  return call.by === me ? 'You called, nobody answered' : `${by} called, nobody answered`;
}

/** A span of time in words: "42 s", "18 min", "1 h 5 min". */
export function spanWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
