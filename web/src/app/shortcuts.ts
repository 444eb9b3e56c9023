/** F6: from one region of the page to the next. */
export function cycleRegions(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((one) => one.checkVisibility());
  if (regions.length === 0) return;
  const inside = regions.findLastIndex((one) => one.contains(document.activeElement));
  regions[(inside + step + regions.length) % regions.length]?.focus();
}
