/** Keys of a call: mute, camera, and the space bar held to speak where nobody types. */
import type { CurrentCall } from '../../calls/current.svelte';
import { isComposing } from '../../lib/keys';

/** Listen on every page while a call lasts; returns the way to stop. */
export function listenToKeys(call: CurrentCall): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let talking = false;
  const endTalking = (): void => {
    if (talking) void call.setMuted(true);
    talking = false;
  };
  addEventListener('keydown', (event) => {
    if (isComposing(event) || event.defaultPrevented) return;
    const { media } = call;
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && !event.altKey) {
      if (event.code !== 'KeyM' && event.code !== 'KeyO') return;
      event.preventDefault();
      if (event.repeat) return;
      if (event.code === 'KeyM') void call.setMuted(!call.isSilent);
      else void call.setCamera(!media.camera);
    } else if (event.code === 'Space' && !event.ctrlKey && !event.metaKey && !event.altKey && !takesSpace(event.target)) {
      if (!talking && (!media.microphone || !media.muted)) return; // it scrolls
      event.preventDefault();
      if (talking) return;
      talking = true;
      void call.setMuted(false);
    }
  }, { signal });
  addEventListener('keyup', (event) => event.code === 'Space' && endTalking(), { signal });
  addEventListener('blur', endTalking, { signal });
  return () => stop.abort();
}

const TAKES_SPACE = 'button, a, input, select, textarea, summary, video, dialog, [contenteditable], [role=dialog], [role=menuitem], [role=separator], [role=tab], .cm-editor';

/** Whether the space bar means something where the focus is. */
function takesSpace(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TAKES_SPACE) !== null;
}
