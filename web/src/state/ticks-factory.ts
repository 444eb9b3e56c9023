/** Who makes `hub.ticks`. It is loaded with the first task that is shown, or that waits to be told; `state/ticks` provides it. */
import type { Ticks, TicksOptions } from './ticks.svelte';

/** Throws when `state/ticks` was not imported before. */
export let makeTicks = (_options: Omit<TicksOptions, 'lock'> & { readonly uid: string }): Ticks => {
  throw new Error('state/ticks');
};

export function provideTicks(make: typeof makeTicks): void {
  makeTicks = make;
}
