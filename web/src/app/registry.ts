/**
 * Every address of the client and every state a person can meet there. Data only: the scan of
 * `tests/e2e/test_accessibility.py` reaches each entry in a real browser and fails for one it does
 * not know, and `registry.test.ts` fails for a route that is missing. Keep one entry on one line.
 */
import type { Route } from './router.svelte';

export interface State {
  readonly id: string;
  readonly route: Route['name'];
  readonly about: string;
}

/** One address of each route; `{thread}` and `{document}` stand for ids. */
export const ROUTES = {
  inbox: '/',
  room: '/t/{thread}/d/{document}',
  search: '/search?q=word',
  settings: '/settings/profile',
  admin: '/admin/people',
  welcome: '/welcome#secret',
  signin: '/signin',
  not_found: '/nowhere',
} as const satisfies Record<Route['name'], string>;

export const STATES: readonly State[] = [
  { id: 'signin', route: 'signin', about: 'Asks for address and password' },
  { id: 'signin-failed', route: 'signin', about: 'Address or password were wrong' },
  { id: 'signin-ended', route: 'signin', about: 'The session ended elsewhere' },
  { id: 'signin-no-owner', route: 'signin', about: 'The hub has no owner yet' },
  { id: 'hub-silent', route: 'inbox', about: 'The hub does not answer the first question' },

  { id: 'welcome-first-owner', route: 'welcome', about: 'The link the hub printed' },
  { id: 'welcome-invitation', route: 'welcome', about: 'A colleague invites into a thread' },
  { id: 'welcome-known', route: 'welcome', about: 'The same, for somebody who has an account' },
  { id: 'welcome-join', route: 'welcome', about: 'The same, signed in' },
  { id: 'welcome-reset', route: 'welcome', about: 'A new password' },
  { id: 'welcome-used', route: 'welcome', about: 'The link was used before' },
  { id: 'welcome-unknown', route: 'welcome', about: 'The link is broken' },

  { id: 'page-fault', route: 'inbox', about: 'Something went wrong in the page' },
  { id: 'inbox-empty', route: 'inbox', about: 'No threads yet' },
  { id: 'inbox-unread', route: 'inbox', about: 'Threads, some unread, one with a draft' },
  { id: 'inbox-account-menu', route: 'inbox', about: 'The menu of one’s account is open' },
  { id: 'thread-new', route: 'inbox', about: 'The dialog of a new thread' },

  { id: 'room-empty', route: 'room', about: 'Nothing said, no documents' },
  { id: 'room-history', route: 'room', about: 'History with days, system lines and the unread line' },
  { id: 'room-messages', route: 'room', about: 'Edited, deleted, answered, with reactions, code and a link' },
  { id: 'room-replying', route: 'room', about: 'An answer is being written' },
  { id: 'room-editing', route: 'room', about: 'A message is being edited' },
  { id: 'room-unsaved-edit', route: 'room', about: 'A changed message that was not saved' },
  { id: 'room-mentioning', route: 'room', about: 'People to mention are offered' },
  { id: 'room-message-menu', route: 'room', about: 'The menu of a message is open' },
  { id: 'room-emoji', route: 'room', about: 'The emoji picker is open' },
  { id: 'room-undo', route: 'room', about: 'A message was deleted and can be brought back' },
  { id: 'room-renaming', route: 'room', about: 'The subject is being changed' },
  { id: 'room-offline', route: 'room', about: 'No connection; messages and edits are kept here' },
  { id: 'room-not-saved', route: 'room', about: 'The hub is there and cannot save' },
  { id: 'room-not-kept', route: 'room', about: 'The same, and this device does not keep them' },
  { id: 'signout-unsent', route: 'room', about: 'Asks before unsent words are deleted' },
  { id: 'room-failed', route: 'room', about: 'The hub refused a message' },
  { id: 'room-reader', route: 'room', about: 'May read, not write' },
  { id: 'room-removed', route: 'room', about: 'No longer a member' },
  { id: 'room-not-found', route: 'room', about: 'No such thread' },

  { id: 'people-owner', route: 'room', about: 'The people drawer of an owner' },
  { id: 'people-member', route: 'room', about: 'The people drawer of a member' },
  { id: 'people-overlaid', route: 'room', about: 'The drawer over the room, at a middle width' },
  { id: 'people-add', route: 'room', about: 'The dialog that adds colleagues' },
  { id: 'people-remove', route: 'room', about: 'Asks before a member is removed' },
  { id: 'people-invited', route: 'room', about: 'An invitation link, shown once' },

  { id: 'document-editing', route: 'room', about: 'A rich document with its toolbar and another caret' },
  { id: 'document-viewing', route: 'room', about: 'A rich document, read only by choice' },
  { id: 'document-text', route: 'room', about: 'A text document with coloured syntax' },
  { id: 'document-new', route: 'room', about: 'The dialog of a new document' },
  { id: 'document-rename', route: 'room', about: 'The dialog that renames a document' },
  { id: 'document-private-copy', route: 'room', about: 'What the hub did not take of a document' },
  { id: 'document-menu', route: 'room', about: 'Rename, exports and the print view' },
  { id: 'document-link', route: 'room', about: 'The dialog of a link' },
  { id: 'document-picture', route: 'room', about: 'The dialog of a picture' },
  { id: 'document-table-menu', route: 'room', about: 'What can be done with a table' },
  { id: 'documents-none', route: 'room', about: 'No documents, and the person may not begin one' },

  { id: 'files-empty', route: 'room', about: 'The files drawer of a thread without files' },
  { id: 'files-list', route: 'room', about: 'The files drawer, with versions and a blocked file' },
  { id: 'files-selecting', route: 'room', about: 'Some files are selected' },
  { id: 'sending', route: 'room', about: 'A file of a message, and the line above, wait for their person' },
  { id: 'sending-list', route: 'room', about: 'All files on their way' },
  { id: 'files-none-found', route: 'room', about: 'No file is called so' },
  { id: 'file-menu', route: 'room', about: 'What can be done with a file' },
  { id: 'file-rename', route: 'room', about: 'The dialog that renames a file' },
  { id: 'file-send-on', route: 'room', about: 'The dialog that sends a file to another thread' },
  { id: 'file-picture', route: 'room', about: 'A picture beside the chat' },
  { id: 'file-pages', route: 'room', about: 'The pages of a PDF' },
  { id: 'file-code', route: 'room', about: 'Code, in the colours of its language' },
  { id: 'file-markdown', route: 'room', about: 'Markdown as a page' },
  { id: 'file-compared', route: 'room', about: 'Two versions of a text beside each other' },
  { id: 'file-compared-pictures', route: 'room', about: 'Two versions of a picture beside each other' },
  { id: 'file-without-preview', route: 'room', about: 'A file that can only be had' },
  { id: 'file-blocked', route: 'room', about: 'A scanner found malware' },
  { id: 'file-properties', route: 'room', about: 'What is said of a file, as chips' },
  { id: 'file-property', route: 'room', about: 'The dialog of a property' },
  { id: 'file-invoice', route: 'room', about: 'The dialog of an invoice' },
  { id: 'file-gone', route: 'room', about: 'No such file' },
  { id: 'composer-new-version', route: 'room', about: 'A file that is attached as a new version' },

  { id: 'call-before', route: 'room', about: 'The look at oneself before a call' },
  { id: 'call-before-denied', route: 'room', about: 'The browser gives neither microphone nor camera' },
  { id: 'call-before-none', route: 'room', about: 'There is no microphone' },
  { id: 'call-ringing', route: 'room', about: 'A call rings' },
  { id: 'call-line', route: 'room', about: 'A call lasts that one is not in' },
  { id: 'call-alone', route: 'room', about: 'In a call that nobody has answered yet' },
  { id: 'call-pills', route: 'room', about: 'A call without pictures' },
  { id: 'call-pictures', route: 'room', about: 'A call with pictures, a raised hand and somebody muted' },
  { id: 'call-reacting', route: 'room', about: 'Reactions are offered' },
  { id: 'call-grid', route: 'room', about: 'The call large: everybody' },
  { id: 'call-speaker', route: 'room', about: 'The call large: who speaks' },
  { id: 'call-screen', route: 'room', about: 'A shared screen, and who points on it' },
  { id: 'call-devices', route: 'room', about: 'Devices, and how everybody is connected' },
  { id: 'call-people', route: 'room', about: 'Who is in, who is rung, who may be removed' },
  { id: 'call-hub-away', route: 'room', about: 'The hub is away, the call goes on' },
  { id: 'call-reconnecting', route: 'room', about: 'Nothing arrives of somebody' },
  { id: 'call-elsewhere', route: 'room', about: 'In the call of another thread' },
  { id: 'call-over', route: 'room', about: 'The call is over, and what the history says of it' },

  { id: 'search-results', route: 'search', about: 'Messages and files with the words marked' },
  { id: 'search-none', route: 'search', about: 'Nothing found' },

  { id: 'settings-profile', route: 'settings', about: 'Name and password' },
  { id: 'settings-appearance', route: 'settings', about: 'Theme, sound, notifications' },
  { id: 'settings-calls', route: 'settings', about: 'Do not disturb, and how one goes into calls' },
  { id: 'settings-sessions', route: 'settings', about: 'Where one is signed in' },
  { id: 'settings-tokens', route: 'settings', about: 'Tokens of programs' },
  { id: 'settings-token-made', route: 'settings', about: 'A token, shown once' },

  { id: 'admin-people', route: 'admin', about: 'Accounts, one of them disabled' },
  { id: 'admin-reset', route: 'admin', about: 'A reset link, shown once' },
  { id: 'admin-disable', route: 'admin', about: 'Asks before an account is disabled' },
  { id: 'admin-invitations', route: 'admin', about: 'Invitations and a link, shown once' },

  { id: 'not-found', route: 'not_found', about: 'No such page, signed in' },
  { id: 'not-found-outside', route: 'not_found', about: 'No such page, signed out' },

  { id: 'narrow-inbox', route: 'inbox', about: '400 px: the threads' },
  { id: 'narrow-chat', route: 'room', about: '400 px: the chat' },
  { id: 'narrow-work', route: 'room', about: '400 px: a document' },
  { id: 'narrow-people', route: 'room', about: '400 px: the people' },
  { id: 'narrow-files', route: 'room', about: '400 px: the files' },
  { id: 'narrow-file', route: 'room', about: '400 px: a file' },
  { id: 'narrow-ringing', route: 'room', about: '400 px: a call rings' },
  { id: 'narrow-call', route: 'room', about: '400 px: a call beside the chat' },
  { id: 'narrow-call-large', route: 'room', about: '400 px: the call large' },
  { id: 'narrow-settings', route: 'settings', about: '400 px: a page with tabs' },
];
