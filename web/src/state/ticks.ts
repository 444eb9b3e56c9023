/** Lets `hub.ticks` work: whoever shows tasks imports this for its side effect. */
import { Ticks } from './ticks.svelte';
import { provideTicks } from './ticks-factory';

provideTicks((options) => new Ticks(options));
