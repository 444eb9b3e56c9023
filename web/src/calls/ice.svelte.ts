/** The hub's STUN and TURN servers, asked for again before their credentials expire. */
import { api } from '../api/client';
import type { Ice } from '../wire/generated';

/** New ones are asked for when they would hold no longer than this. */
const SPARE_MS = 5 * 60_000;

export class IceServers {
  readonly #wantsRelay: () => boolean;
  #known: Ice | null = $state.raw(null);
  #asking: Promise<Ice> | null = null;

  /** @param wantsRelay whether the person wants media to go through the hub's TURN servers only. */
  constructor(wantsRelay: () => boolean) {
    this.#wantsRelay = wantsRelay;
  }

  /** The hub, or the person where it has such servers, wants media to go through its TURN servers only. */
  get relayOnly(): boolean {
    return (this.#wantsRelay() && this.hasRelay) || this.hubRelaysOnly;
  }

  /** The hub lets media go no other way. */
  get hubRelaysOnly(): boolean {
    return this.#known?.relay_only ?? false;
  }

  /** The servers are known, and the person wants a relay that is not there. */
  get lacksRelay(): boolean {
    return this.#known !== null && this.#wantsRelay() && !this.hasRelay;
  }

  get hasRelay(): boolean {
    return this.#known?.servers.some((one) => one.urls.some((url) => url.startsWith('turn'))) ?? false;
  }

  /**
   * What a connection may use from now on.
   *
   * @throws ApiError when none are known and the hub cannot be asked.
   */
  async configuration(): Promise<RTCConfiguration> {
    const known = this.#known;
    if (known && (known.expires_at === null || known.expires_at - Date.now() > SPARE_MS)) return configurationOf(known, this.relayOnly);
    try {
      this.#asking ??= api.get<Ice>('/api/ice').finally(() => (this.#asking = null));
      this.#known = await this.#asking;
    } catch (error) {
      if (!known) throw error;
    }
    return configurationOf(this.#known as Ice, this.relayOnly);
  }
}

function configurationOf({ servers }: Ice, relayOnly: boolean): RTCConfiguration {
  return {
    iceServers: servers.map(({ urls, username, credential }) => ({
      urls: [...urls],
      ...(username == null ? {} : { username }),
      ...(credential == null ? {} : { credential }),
    })),
    iceTransportPolicy: relayOnly ? 'relay' : 'all',
    bundlePolicy: 'max-bundle',
  };
}
