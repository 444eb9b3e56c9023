/**
 * Whether a key belongs to an input method that is composing: it confirms or ends that, nothing else.
 *
 * Safari ends the composition before it tells of the key, which then has the code 229 alone.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
