/**
 * Who uses this page: nobody, or somebody with the state of a signed-in tab. The one place where
 * that state is made and closed; whoever shows it lets go before it is closed.
 */
import { tick } from 'svelte';

import { api, type ApiError, asApiError } from '../api/client';
import { type Erases, type HubState, keptInWords, keptWordsOf, openHub } from '../state';
import { toasts } from '../ui/toasts.svelte';
import type { HubInfo, Me } from '../wire/generated';

export type Who =
  | { state: 'asking' }
  /** `ended`: a session was here; `kept`: what it left, in words; `keeps`: in this browser, or in this
   * page only. */
  | { state: 'nobody'; ended: boolean; kept: string; keeps: boolean }
  | { state: 'here'; hub: HubState }
  | { state: 'leaving' }
  | { state: 'failed'; error: ApiError };

export class SessionLife {
  who: Who = $state.raw({ state: 'asking' });

  /** @param open shows a thread (a notification was clicked). */
  constructor(private readonly open: (thread: string) => void) {}

  async ask(): Promise<void> {
    this.who = { state: 'asking' };
    try {
      const info = (await askedEarly()) ?? (await api.get<HubInfo>('/api/hub'));
      if (info.me) await this.enter(info.me);
      else this.who = { state: 'nobody', ended: info.session_ended, kept: '', keeps: true };
    } catch (thrown) {
      this.who = { state: 'failed', error: asApiError(thrown) };
    }
  }

  /** Somebody signed in. */
  async enter(me: Me): Promise<void> {
    if (this.who.state === 'here') await this.#close(this.who.hub);
    await this.#closing;
    const hub: HubState = openHub(me, {
      onOpenThread: this.open,
      onSignedOut: () => void this.#ended(hub),
      onRefused: (what, { detail }) => toasts.show(`${what}: ${detail}`),
    });
    this.who = { state: 'here', hub };
  }

  /**
   * Sign out here and on the hub.
   *
   * @param options.erase also removes what this browser keeps of the person, but for drafts.
   * @param options.asked the person knows that words are deleted; else they are kept if there are any.
   * @throws ApiError the hub could not be told: the person is still signed in.
   */
  async signOut(options: { erase: boolean; asked: boolean }): Promise<void> {
    if (this.who.state !== 'here') return;
    const { hub } = this.who;
    // Nothing can be written any more, and the end of the connection is no surprise.
    this.who = { state: 'leaving' };
    await tick();
    try {
      await api.delete('/api/session').catch((thrown: unknown) => {
        if (asApiError(thrown).status !== 401) throw thrown;
      });
    } catch (thrown) {
      this.who = { state: 'here', hub };
      // The hub may have heard it all the same.
      if (hub.connection.status === 'signed_out') void this.#ended(hub);
      throw thrown;
    }
    const nothing = await hub.keptWords().then((kept) => keptInWords(kept) === '', () => false);
    const erases = options.erase && (options.asked || nothing);
    await this.#close(hub, erases ? { erase: options.asked ? 'all' : 'copies' } : {});
    // Something may have come in between that nobody was asked about.
    const left = options.asked ? { words: '', keeps: true } : await keptWordsOf(hub.me.uid);
    this.who = { state: 'nobody', ended: false, kept: left.words, keeps: left.keeps };
  }

  /** The hub ended the sign-in: ask again, and say what waits here. */
  async #ended(hub: HubState): Promise<void> {
    if (this.who.state !== 'here' || this.who.hub !== hub) return;
    await this.#close(hub);
    const { words, keeps } = await keptWordsOf(hub.me.uid);
    // Somebody may have signed in meanwhile (a reset link).
    if (this.#shows('leaving')) this.who = { state: 'nobody', ended: true, kept: words, keeps };
  }

  #shows(state: Who['state']): boolean {
    return this.who.state === state;
  }

  #closing: Promise<void> = Promise.resolve();

  #close(hub: HubState, options: { erase?: Erases } = {}): Promise<void> {
    this.who = { state: 'leaving' };
    this.#closing = tick().then(() => hub.close(options));
    return this.#closing;
  }
}

/** The answer that `public/theme.js` asked for before this program was here; once. */
async function askedEarly(): Promise<HubInfo | null> {
  const asked = window.hubAsked;
  delete window.hubAsked;
  try {
    const response = await asked;
    return response?.ok ? ((await response.json()) as HubInfo) : null;
  } catch {
    return null;
  }
}
