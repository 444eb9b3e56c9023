import { asApiError } from '../wire/error';
import { toasts } from './toasts.svelte';

/** Wait for something the person asked for; a failure is told in a toast. True when it worked. */
export async function attempt(work: Promise<unknown>, what: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (thrown) {
    toasts.show(`${what}: ${asApiError(thrown).detail}`);
    return false;
  }
}
