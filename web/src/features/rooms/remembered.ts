/** Small choices of a person in this browser; without storage they last as long as the page. */
const kept = new Map<string, string>();

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`hub.${key}`) ?? kept.get(key) ?? null;
  } catch {
    return kept.get(key) ?? null;
  }
}

export function remember(key: string, value: string): void {
  kept.set(key, value);
  try {
    localStorage.setItem(`hub.${key}`, value);
  } catch {
    // Full or forbidden.
  }
}
