/** Lets `hub.ticks` work: whoever shows tasks imports this for its side effect. */
import { withLock } from '../lib/tabs';
import { Ticks } from './ticks.svelte';
import { provideTicks } from './ticks-factory';

provideTicks(({ uid, ...options }) => new Ticks({ ...options, lock: (task) => withLock(`hub.ticks.${uid}`, task) }));
