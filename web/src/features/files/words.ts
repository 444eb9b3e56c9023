/** The text of a preview. */
const NEVER = /[\u0000]/gu;

/** @throws Error in words for people. */
export async function readText(src: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(src, { ...(signal ? { signal } : {}), credentials: 'same-origin' });
  if (!response.ok) throw new Error(response.status === 404 ? 'It is no longer here.' : `The hub answered ${response.status}.`);
  return (await response.text()).replace(NEVER, '\uFFFD');
}
