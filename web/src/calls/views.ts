/** How high each picture of the others is shown on this page: no more is asked for. */
import type { Want } from './signals';

export class Views {
  readonly #shown = new Map<symbol, { device: string; part: keyof Want; height: number }>();

  /**
   * @param view key of one place on the page. @param height in pixels; 0: it shows nothing any more.
   * @returns the devices whose pictures are shown otherwise now.
   */
  show(view: symbol, device: string, part: keyof Want, height: number): ReadonlySet<string> {
    const before = this.#shown.get(view)?.device ?? device;
    if (height > 0) this.#shown.set(view, { device, part, height });
    else this.#shown.delete(view);
    return new Set([before, device]);
  }

  /** The largest of each. */
  of(device: string): Want {
    const most = (part: keyof Want): number =>
      Math.max(0, ...[...this.#shown.values()].filter((one) => one.device === device && one.part === part).map((one) => one.height));
    return { video: most('video'), screen: most('screen') };
  }
}
