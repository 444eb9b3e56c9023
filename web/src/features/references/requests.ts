/** What is asked of the hub about numbers, beside the commands of a room. */
import { api } from '../../api/client';
import type { AskedIn, Channel, FoundReference, FoundReferences, NewChannel, NewReferenceRule, PatchChannel, ReferenceRule, ThreadReferences } from '../../wire/generated';

const at = (thread: string): string => `/api/threads/${encodeURIComponent(thread)}`;

/** Numbers in a text, and the threads that have them. `typed`: all of it may be one, or how one begins. */
export async function findNumbers(text: string, options: { typed?: boolean; signal?: AbortSignal } = {}): Promise<readonly FoundReference[]> {
  const { typed = false, signal } = options;
  return (await api.post<FoundReferences>('/api/references/find', { text, typed }, signal ? { signal } : {})).found;
}

/** What the latest messages name; of those that were written or touched after a seq. */
export const ofThread = (thread: string, after = 0): Promise<ThreadReferences> => api.get<ThreadReferences>(`${at(thread)}/references?after=${after}`);

export const rules = {
  list: (): Promise<readonly ReferenceRule[]> => api.get<ReferenceRule[]>('/api/references/rules'),
  add: (rule: NewReferenceRule): Promise<ReferenceRule> => api.post<ReferenceRule>('/api/references/rules', rule),
  remove: (rule: string): Promise<void> => api.delete(`/api/references/rules/${encodeURIComponent(rule)}`),
};

export const channels = {
  list: (): Promise<readonly Channel[]> => api.get<Channel[]>('/api/channels'),
  add: (channel: NewChannel): Promise<Channel> => api.post<Channel>('/api/channels', channel),
  /** Nothing: it is gone, or not to be seen any more. */
  change: (channel: string, patch: PatchChannel): Promise<Channel | undefined> => api.patch<Channel | undefined>(`/api/channels/${encodeURIComponent(channel)}`, patch),
  remove: (channel: string): Promise<void> => api.delete(`/api/channels/${encodeURIComponent(channel)}`),
  /** Its people into a thread. */
  askIn: (thread: string, channel: string): Promise<AskedIn> => api.post<AskedIn>(`${at(thread)}/channels`, { channel }),
};
