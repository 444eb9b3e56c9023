/** Svelte action: a textarea as high as its text, up to its own max-height. */
export function autosize(node: HTMLTextAreaElement, _value: string): { update(value: string): void; destroy(): void } {
  const fit = (): void => {
    node.style.height = 'auto';
    node.style.height = `${node.scrollHeight + node.offsetHeight - node.clientHeight}px`;
  };
  const observer = new ResizeObserver((entries) => {
    const width = entries[0]?.contentRect.width ?? 0;
    if (width !== last) {
      last = width;
      fit();
    }
  });
  let last = -1;
  observer.observe(node);
  return { update: fit, destroy: () => observer.disconnect() };
}
