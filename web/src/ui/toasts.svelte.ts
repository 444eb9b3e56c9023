/** Short notes at the edge of the page, with at most one action. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { label: string; run: () => void } | undefined;
}

class Toasts {
  list: readonly Toast[] = $state.raw([]);
  #next = 1;

  show(text: string, options: { action?: Toast['action']; ms?: number } = {}): number {
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { id, text, action: options.action }];
    setTimeout(() => this.dismiss(id), options.ms ?? 6000);
    return id;
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
