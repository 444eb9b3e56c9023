/** The tokens of a person: made, listed, ended. */
import { api, type ApiError, asApiError } from '../../api/client';
import type { Scope, Token, TokenCreated } from '../../wire/generated';

export class Tokens {
  all: readonly Token[] | null = $state.raw(null);
  /** Why the list could not be loaded. */
  error: ApiError | null = $state.raw(null);
  /** Why none was made. */
  failed: ApiError | null = $state.raw(null);
  /** Shown once. */
  made: TokenCreated | null = $state.raw(null);
  busy = $state(false);

  async load(): Promise<void> {
    this.error = null;
    try {
      this.all = await api.get<Token[]>('/api/tokens');
    } catch (thrown) {
      this.error = asApiError(thrown);
    }
  }

  /** Returns whether there is a new one. */
  async make(name: string, scopes: readonly Scope[], days: number | null): Promise<boolean> {
    this.busy = true;
    this.failed = null;
    try {
      this.made = await api.post<TokenCreated>('/api/tokens', { name, scopes, expires_in_days: days });
      await this.load();
      return true;
    } catch (thrown) {
      this.failed = asApiError(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  async revoked(token: Token): Promise<void> {
    if (this.made?.info.id === token.id) this.made = null;
    await this.load();
  }
}
