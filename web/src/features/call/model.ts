/** What a call says in words. Pure. */
import type { Over, Participant } from '../../calls/current.svelte';
import type { ProblemKind } from '../../calls/devices';
import { spanWords } from '../../calls/words';

const PROBLEMS: Readonly<Record<'microphone' | 'camera' | 'screen', Readonly<Record<ProblemKind, string>>>> = {
  microphone: {
    denied: 'The browser does not let this page use the microphone. Allow it beside the address of the page, then try again.',
    none: 'No microphone was found. You hear the others.',
    in_use: 'Another program uses the microphone.',
    ended: 'The microphone was unplugged.',
    unsupported: 'This page cannot use a microphone: that takes HTTPS and a current browser.',
  },
  camera: {
    denied: 'The browser does not let this page use the camera. Allow it beside the address of the page, then try again.',
    none: 'No camera was found.',
    in_use: 'Another program uses the camera.',
    ended: 'The camera was unplugged.',
    unsupported: 'This page cannot use a camera: that takes HTTPS and a current browser.',
  },
  screen: {
    denied: 'The browser does not let this page show the screen.',
    none: 'There is nothing to share.',
    in_use: 'The system does not let the browser show the screen.',
    ended: 'The screen is no longer shared.',
    unsupported: 'This browser cannot share a screen.',
  },
};

export function problemWords(device: 'microphone' | 'camera' | 'screen', problem: ProblemKind): string {
  return PROBLEMS[device][problem];
}

/** How it is with somebody, for a picture's label and a screen reader; empty: all is well. */
export function stateWords({ isMe, state, isPoor }: Pick<Participant, 'isMe' | 'state' | 'isPoor'>): string {
  if (isMe) return '';
  if (state === 'connecting') return 'Connecting';
  if (state === 'reconnecting') return 'Reconnecting';
  return isPoor ? 'Poor network' : '';
}

/** Nothing connects, and what that may come of. */
export function lateWords(name: string, hasRelay: boolean): string {
  if (hasRelay) return `No way to ${name} was found, not even by the hub’s relay. It is tried again.`;
  return `No way to ${name} was found. This hub has no relay (TURN): some networks need one.`;
}

/** How media reach somebody. */
export function wayWords({ state, relayed }: Pick<Participant, 'state' | 'relayed'>): string {
  if (state === 'connecting' || relayed === null) return 'connecting';
  return relayed ? 'relayed' : 'direct';
}

/** Of what should have arrived. */
export function lostWords({ media, lost }: { media: number; lost: number }): string {
  const due = media + Math.max(0, lost);
  return due > 0 ? `${((100 * Math.max(0, lost)) / due).toFixed(1)} % lost · ` : '';
}

/** Who sees whose network address. */
export function relayWords({ hubRelaysOnly, relayOnly }: { hubRelaysOnly: boolean; relayOnly: boolean }): string {
  if (hubRelaysOnly) return 'All of it goes through the hub’s relay, encrypted: nobody sees another’s network address.';
  if (relayOnly) return 'Your sound and pictures go through the hub’s relay, encrypted: the others do not see your network address.';
  return 'Direct: from device to device, encrypted. Relayed: through the hub’s relay, encrypted.';
}

export function nameOfMe(isMe: boolean, name: string): string {
  return isMe ? 'You' : name;
}

/** Why a call is over, said once. Null: whoever hung up knows. */
export function overWords(why: Over, lastedMs: number, detail: string | undefined): string | null {
  switch (why) {
    case 'left':
      return null;
    case 'ended':
      return `The call is over, ${spanWords(lastedMs)}`;
    case 'removed':
      return 'You were removed from the call';
    case 'elsewhere':
      return 'The call goes on on your other device';
    case 'refused':
      return `You are no longer in the call: ${detail ?? ''}`;
  }
}

/** Hours, minutes and seconds: "4:05", "1:04:05". */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** The one to look at: who shares a screen, else who speaks, else who came last of the others. */
export function spotlight(participants: readonly Participant[], before: string | null): string | null {
  const others = participants.filter((one) => !one.isMe);
  const sharing = participants.find((one) => one.screen);
  if (sharing) return sharing.uid;
  const speaking = others.find((one) => one.speaks);
  if (speaking) return speaking.uid;
  if (before !== null && others.some((one) => one.uid === before)) return before;
  return others.at(-1)?.uid ?? participants[0]?.uid ?? null;
}

/** Whom a new call rings at first: everybody of a few; of many those who are here. */
export const RINGS_ALL = 8;

/** Columns of a grid of pictures. */
export function columnsOf(count: number, width: number): number {
  if (count <= 1 || width < 520) return 1;
  return count <= 4 ? 2 : 3;
}

export const REACTIONS = ['👍', '👏', '❤️', '😂', '😮', '🎉'] as const;
