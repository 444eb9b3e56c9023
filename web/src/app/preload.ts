/**
 * A page that opens in a thread asks for the code of its parts at once, while the hub is still being
 * asked who is there: otherwise each part would be fetched only when the one before has run.
 */
export function preload(path: string): void {
  if (!path.startsWith('/t/')) return;
  void import('../features/rooms').then(() => import('../features/documents/rich/RichEditor.svelte'));
}
