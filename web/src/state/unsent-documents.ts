/** Which documents have edits in this browser that the hub has not called durable (see `unsent-log`). */
import type { LocalStore } from '../lib/local-store';

/**
 * Document id and number of unsent edits, of everything kept in this browser.
 *
 * @throws DOMException the browser does not say.
 */
export async function unsentDocuments(store: LocalStore): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [key] of await store.entries('unsent', '')) {
    const document = key.slice(0, key.indexOf('\u0000'));
    counts.set(document, (counts.get(document) ?? 0) + 1);
  }
  return counts;
}
