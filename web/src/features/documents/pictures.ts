/** The pictures of a document: attachments of its thread that it shows. */
import { bytesInWords } from '../../lib/bytes';
import { addressOf } from '../../state/attachments';
import type { RoomStore } from '../../state';
import type { Attachment, Version } from '../../wire/generated';
import type { Look, Pictures } from './rich/picture-view';

export interface DocumentPictures extends Pictures {
  /** Changes when more is known of one. Reactive. */
  readonly files: ReadonlyMap<string, Attachment>;
  /** Resolves with the id of the attachment. */
  send(file: File): Promise<string>;
}

export function picturesIn(room: RoomStore, document: string): DocumentPictures {
  return {
    get files() {
      return room.files;
    },
    send: (file) => room.fileStore.addPicture(document, file),
    lookOf: (attachment) => lookOf(attachment, room.files.get(attachment), room.fileStore.localOf(attachment)),
    learn: (attachment) => room.fileStore.learn(attachment),
  };
}

export function lookOf(attachment: string, file: Attachment | undefined, local: string | null): Look {
  if (local !== null) return { src: local, words: '' };
  // Who asked for its bytes too early would be told that there is no such thing.
  if (!file) return { src: null, words: 'this picture is not here yet' };
  // Whoever may write can give it another version, which the document does not show.
  const version = file.versions.find((one) => one.number === 1 && one.state === 'ready') ?? first(file.versions);
  if (version?.verdict === 'blocked') return { src: null, words: 'a scanner found malware in this picture' };
  if (version?.state === 'failed') return { src: null, words: 'this picture did not arrive' };
  if (version?.state === 'arriving') return { src: null, words: `this picture is arriving, ${bytesInWords(version.received ?? 0)} of ${bytesInWords(version.size)}` };
  return { src: addressOf(attachment, 1), words: '' };
}

function first(versions: readonly Version[]): Version | undefined {
  return versions.reduce<Version | undefined>((least, one) => (least && least.seq < one.seq ? least : one), undefined);
}
