/**
 * Who uses this page: nobody, or somebody with the state of a signed-in tab. The one place where
 * that state is made and closed; whoever shows it lets go before it is closed.
 */
import { tick } from 'svelte';

import { api, type ApiError, asApiError } from '../api/client';
import { type HubState, keptInWords, keptWordsOf, openHub } from '../state';
import type { HubInfo, Me } from '../wire/generated';

export type Who =
  | { state: 'asking' }
  /** `ended`: a session was here; `kept`: what it left in this browser, in words. */
  | { state: 'nobody'; ended: boolean; kept: string }
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
      else this.who = { state: 'nobody', ended: info.session_ended, kept: '' };
    } catch (thrown) {
      this.who = { state: 'failed', error: asApiError(thrown) };
    }
  }

  /** Somebody signed in. */
  async enter(me: Me): Promise<void> {
    await this.#close({ erase: false });
    const hub: HubState = openHub(me, { onOpenThread: this.open, onSignedOut: () => void this.#ended(hub) });
    this.who = { state: 'here', hub };
  }

  /**
   * Sign out here and on the hub.
   *
   * @param options.erase also removes what this browser keeps of the person, but for drafts.
   * @throws ApiError the hub could not be told: the person is still signed in.
   */
  async signOut(options: { erase: boolean }): Promise<void> {
    if (this.who.state !== 'here') return;
    const { hub } = this.who;
    // The hub ends the connection at once; that must not be taken for a session that ended by itself.
    this.#signingOut = true;
    try {
      await api.delete('/api/session').catch((thrown: unknown) => {
        if (asApiError(thrown).status !== 401) throw thrown;
      });
      if (this.who.state !== 'here' || this.who.hub !== hub) return;
      await this.#close(options);
      this.who = { state: 'nobody', ended: false, kept: '' };
    } finally {
      this.#signingOut = false;
    }
  }
  #signingOut = false;

  /** The hub ended the sign-in: ask again, and say what waits here. */
  async #ended(hub: HubState): Promise<void> {
    if (this.#signingOut || this.who.state !== 'here' || this.who.hub !== hub) return;
    await this.#close({ erase: false });
    const kept = keptInWords(await keptWordsOf(hub.me.uid));
    this.who = { state: 'nobody', ended: true, kept };
  }

  async #close(options: { erase: boolean }): Promise<void> {
    if (this.who.state !== 'here') return;
    const { hub } = this.who;
    this.who = { state: 'leaving' };
    await tick();
    await hub.close(options);
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
