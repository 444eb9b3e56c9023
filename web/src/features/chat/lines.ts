/** System lines of the history in words. */
import type {
  DocumentCreateData,
  DocumentRenameData,
  Item,
  MemberSetData,
  ThreadCreateData,
  ThreadHistoryData,
  ThreadRenameData,
} from '../../wire/generated';

const ROLES = { owner: 'an owner', editor: 'an editor', reader: 'a reader' } as const;

/** `roleBefore` tells joining from a change of role, where it is known. */
export function lineOf(item: Item, name: (uid: string) => string): string {
  const who = name(item.sender);
  switch (item.type) {
    case 'thread.create':
      return `${who} began the thread “${(item.data as ThreadCreateData).subject}”`;
    case 'thread.rename':
      return `${who} renamed the thread to “${(item.data as ThreadRenameData).subject}”`;
    case 'thread.history':
      return (item.data as ThreadHistoryData).history === 'all'
        ? `${who} lets new members read everything`
        : `${who} lets new members read only from when they join`;
    case 'member.set': {
      const { uid, role } = item.data as MemberSetData;
      if (role === null) return uid === item.sender ? `${who} left` : `${who} removed ${name(uid)}`;
      return uid === item.sender ? `${who} is ${ROLES[role]}` : `${who} made ${name(uid)} ${ROLES[role]}`;
    }
    case 'document.create':
      return `${who} began the document “${(item.data as DocumentCreateData).title}”`;
    case 'document.rename':
      return `${who} renamed a document to “${(item.data as DocumentRenameData).title}”`;
    default:
      return '';
  }
}
