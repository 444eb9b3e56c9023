/**
 * How the tabs of one browser agree: a lock that one of them holds, a channel all of them hear.
 *
 * Web Locks exist only in secure contexts; without them each tab has its own lock, which is safe
 * because what is guarded here is idempotent on the hub (send ids) or merely wasteful (leases).
 */

const own = new Map<string, Promise<unknown>>();

/** Run `task` while this tab alone holds the lock. */
export function withLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  if (typeof navigator !== 'undefined' && navigator.locks) {
    return navigator.locks.request(name, task) as Promise<T>;
  }
  const before = own.get(name) ?? Promise.resolve();
  const mine = before.then(task, task);
  own.set(
    name,
    mine.catch(() => undefined),
  );
  return mine;
}

/**
 * Hold a lock from when it is free until the returned function is called; `held` is called once it
 * is ours. Elects one tab.
 */
export function holdLock(name: string, held: () => void): () => void {
  if (typeof navigator === 'undefined' || !navigator.locks) {
    held();
    return () => undefined;
  }
  const waiting = new AbortController();
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  navigator.locks
    .request(name, { signal: waiting.signal }, () => {
      held();
      return until;
    })
    .catch(() => undefined);
  return () => {
    waiting.abort();
    release();
  };
}

export interface Channel<M> {
  post(message: M): void;
  close(): void;
}

/** Say something to the other tabs and hear them. */
export function openChannel<M>(name: string, hear: (message: M) => void): Channel<M> {
  if (typeof BroadcastChannel === 'undefined') return { post: () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(name);
  let open = true;
  channel.onmessage = (event: MessageEvent<M>) => hear(event.data);
  return {
    // Nobody has to ask whether it is closed.
    post: (message) => {
      if (open) channel.postMessage(message);
    },
    close: () => {
      open = false;
      channel.close();
    },
  };
}
