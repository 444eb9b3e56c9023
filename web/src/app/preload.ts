/**
 * The first module of the program: a page that opens in a thread asks for the code of its parts at
 * once, while the rest of the program starts and the hub is asked who is there. Otherwise each part
 * would be fetched only when the one before has run.
 */
if (location.pathname.startsWith('/t/')) {
  void import('../features/rooms').then(() => import('../features/documents/rich/RichEditor.svelte'));
}
