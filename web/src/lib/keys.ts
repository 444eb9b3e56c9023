/**
 * Whether a key belongs to an input method that is composing: it confirms or ends that, nothing else.
 *
 * Safari ends the composition before it tells of the key, which then has the code 229 alone.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Whether an element is in one that arrow keys scroll to the left and right, within another. */
export function scrollsSideways(target: Element, within: Element): boolean {
  for (let one: Element | null = target; one && one !== within; one = one.parentElement) {
    if (one.scrollWidth > one.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)) return true;
  }
  return false;
}
