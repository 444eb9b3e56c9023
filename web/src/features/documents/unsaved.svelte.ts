/** Which documents have anything that their files have not: told by the one that is shown, asked of the hub for the others. */
import type { RoomStore } from '../../state';
import type { DocumentInfo } from '../../wire/generated';

/** Others write in documents that are not open here, of which nobody tells. */
const AGAIN_MS = 60_000;
const MOST = 20;

let known: ReadonlyMap<string, boolean> = $state.raw(new Map());

export const unsaved = {
  of: (document: string): boolean => known.get(document) ?? false,
  set(document: string, is: boolean): void {
    if (known.get(document) !== is) known = new Map(known).set(document, is);
  },
};

/** Ask now and again; returns the way to stop. */
export function watchUnsaved(room: Pick<RoomStore, 'fileState'>, documents: readonly DocumentInfo[], shown: string | null): () => void {
  let stopped = false;
  const others = documents.filter((one) => one.file && one.document !== shown).slice(-MOST);

  async function ask(): Promise<void> {
    if (document.visibilityState !== 'visible') return;
    for (const { document: id } of others) {
      if (stopped) return;
      await room.fileState(id).then((state) => { if (!stopped) unsaved.set(id, state.shown != null && state.unsaved); }, () => undefined);
    }
  }

  if (others.length === 0) return () => undefined;
  void ask();
  const timer = setInterval(() => void ask(), AGAIN_MS);
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
