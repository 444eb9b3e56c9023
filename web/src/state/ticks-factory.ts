/** Who makes `hub.ticks`. It is loaded with the first task that is shown, or that waits to be told; `state/ticks` provides it. */
import type { Ticks, TicksOptions } from './ticks.svelte';

let factory: ((options: TicksOptions) => Ticks) | null = null;

export function provideTicks(make: (options: TicksOptions) => Ticks): void {
  factory = make;
}

/** @throws Error when `state/ticks` was not imported before. */
export function makeTicks(options: TicksOptions): Ticks {
  if (!factory) throw new Error('Import state/ticks before looking at ticks.');
  return factory(options);
}
