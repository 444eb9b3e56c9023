/** Keeps the screen on while a call lasts, where the browser can. */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let over = false;
  const take = async (): Promise<void> => {
    if (over || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    try {
      const taken = await navigator.wakeLock.request('screen');
      if (over) await taken.release();
      else lock = taken;
    } catch {
      // An empty battery, or forbidden.
    }
  };
  const visible = (): void => void take();
  document.addEventListener('visibilitychange', visible);
  void take();
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', visible);
    void lock?.release();
  };
}
