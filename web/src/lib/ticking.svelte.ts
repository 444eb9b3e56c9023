/** The present moment, read again now and then while a component is there. */
const EVERY_MS = 20_000;

class Ticking {
  now = $state(Date.now());
}

/** Call it while a component is made. */
export function ticking(): Ticking {
  const clock = new Ticking();
  $effect(() => {
    const timer = setInterval(() => (clock.now = Date.now()), EVERY_MS);
    return () => clearInterval(timer);
  });
  return clock;
}
