/** Files on their way to the hub: the only entry. Draws nothing. */
export { type Dropped, droppedFiles, MOST_FILES, pastedFiles } from './folders';
export type { Item, ItemError, ItemState, Picked } from './item';
export { type Added, type Offered, type QueueOptions, UploadQueue } from './queue.svelte';
