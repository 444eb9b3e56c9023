import { toasts } from './toasts.svelte';

/** Put text on the clipboard and say so. */
export async function copy(text: string, what = 'Copied'): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show(`${what}.`);
  } catch {
    toasts.show('The browser does not allow copying; select the text instead.');
  }
}
