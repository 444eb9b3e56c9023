/**
 * What the events of a call come to. Pure; the same rules as `hub/wire/calls.py` (a test compares
 * them), told in docs/calls.md.
 */
import type {
  Call,
  CallJoinData,
  CallLeaveData,
  CallLockData,
  CallMissData,
  CallPerson,
  CallRingData,
  CallStartData,
  TimelineEvent,
} from '../wire/generated';

type People = Readonly<Record<string, CallPerson>>;
type Asked = Pick<CallRingData, 'ring' | 'busy' | 'quiet'>;

/** A call as its first event tells it. */
export function begun(event: TimelineEvent): Call {
  const data = event.data as CallStartData;
  const people: Record<string, CallPerson> = {};
  for (const uid of data.ring) if (uid !== event.sender) people[uid] = rung(undefined, uid, event.at, data);
  people[event.sender] = { state: 'in', since: event.at, device: data.device };
  return {
    call: data.call,
    seq: event.seq,
    head: event.seq,
    by: event.sender,
    started: event.at,
    people,
    ...(data.video ? { video: true } : {}),
    ...(data.topology ? { topology: data.topology } : {}),
  };
}

/** The call after one more event; the same one when nothing came of it. */
export function after(call: Call, event: TimelineEvent): Call {
  const data = event.data as { call: string } | null | undefined;
  if (data == null || call.ended != null || data.call !== call.call || event.seq <= call.head) return call;
  const changed = apply(call, event);
  return changed === call ? call : { ...changed, head: event.seq };
}

function apply(call: Call, { type, sender, at, data }: TimelineEvent): Call {
  const known = call.people[sender];
  switch (type) {
    case 'call.ring': {
      const asked = data as CallRingData;
      return withPeople(call, Object.fromEntries(asked.ring.map((uid) => [uid, rung(call.people[uid], uid, at, asked)])));
    }
    case 'call.join':
      return withPeople(call, { [sender]: joined(known, at, (data as CallJoinData).device) });
    case 'call.decline':
      if (known?.state !== 'ringing') return call;
      return withPeople(call, { [sender]: { ...sounding(known), state: 'declined', since: at } });
    case 'call.miss': {
      const missed: Record<string, CallPerson> = {};
      for (const uid of (data as CallMissData).uids) {
        const one = call.people[uid];
        if (one?.state === 'ringing') missed[uid] = { ...one, state: 'missed', since: at };
      }
      return withPeople(call, missed);
    }
    case 'call.leave': {
      const leave = data as CallLeaveData;
      const one = call.people[leave.uid];
      return one ? withPeople(call, { [leave.uid]: gone(one, at, leave) }) : call;
    }
    case 'call.lock': {
      const { locked } = data as CallLockData;
      if ((call.locked ?? false) === locked) return call;
      const { locked: _, ...rest } = call;
      return locked ? { ...rest, locked } : rest;
    }
    case 'call.end':
      return { ...call, ended: Math.min(Math.max((data as { until: number }).until, call.started), at) };
    default:
      return call;
  }
}

function withPeople(call: Call, people: People): Call {
  const changed = Object.keys(people).some((uid) => !same(call.people[uid], people[uid]));
  return changed ? { ...call, people: { ...call.people, ...people } } : call;
}

function rung(known: CallPerson | undefined, uid: string, at: number, { busy, quiet }: Asked): CallPerson {
  if (known?.state === 'in' || known?.state === 'ringing') return known;
  const hush = quiet?.includes(uid) ? 'quiet' : busy?.includes(uid) ? 'busy' : null;
  return person('ringing', at, { stayed: known?.stayed ?? 0, ...(hush ? { hush } : {}) });
}

function joined(known: CallPerson | undefined, at: number, device: string): CallPerson {
  if (known?.state === 'in') return known.device === device ? known : { ...known, device, moved: at };
  return person('in', at, { device, stayed: known?.stayed ?? 0 });
}

function gone(known: CallPerson, at: number, { until, reason }: CallLeaveData): CallPerson {
  const removed = reason === 'removed';
  const stayed = known.stayed ?? 0;
  if (known.state === 'in') {
    const last = Math.min(Math.max(until, known.since), at);
    return person('left', last, { stayed: stayed + last - known.since, removed });
  }
  if (removed && known.state === 'ringing') return person('missed', at, { stayed, removed });
  return removed && !known.removed ? { ...known, removed } : known;
}

/** Without what is as it mostly is, as the hub sends it. */
function person(state: CallPerson['state'], since: number, more: Omit<CallPerson, 'state' | 'since'>): CallPerson {
  const { device, stayed, removed, hush } = more;
  return {
    state,
    since,
    ...(device ? { device } : {}),
    ...(stayed ? { stayed } : {}),
    ...(removed ? { removed } : {}),
    ...(hush ? { hush } : {}),
  };
}

function sounding({ hush: _, ...rest }: CallPerson): CallPerson {
  return rest;
}

function same(a: CallPerson | undefined, b: CallPerson | undefined): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(one: CallPerson | undefined): unknown {
  return one && Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));
}

// --- what it says of somebody -----------------------------------------------------------------------

export function isRunning(call: Call | null | undefined): boolean {
  return call != null && call.ended == null;
}

export function who(call: Call, state: CallPerson['state']): string[] {
  return Object.keys(call.people).filter((uid) => call.people[uid]?.state === state);
}

/** How it rings for somebody: quietly where they are in another call, not at all where they want none. */
export function ringOf(call: Call | null | undefined, uid: string): 'aloud' | 'quietly' | null {
  const one = isRunning(call) ? call?.people[uid] : undefined;
  if (one?.state !== 'ringing' || one.hush === 'quiet') return null;
  return one.hush ? 'quietly' : 'aloud';
}

/** Ms that somebody was in it, until `now`. */
export function stayOf(call: Call, uid: string, now: number): number {
  const one = call.people[uid];
  if (!one) return 0;
  return (one.stayed ?? 0) + (one.state === 'in' ? Math.max(0, (call.ended ?? now) - one.since) : 0);
}

/** Ms from its start to its end. */
export function durationOf(call: Call): number {
  return Math.max(0, (call.ended ?? call.started) - call.started);
}
