import type { Api } from './api.ts';
import { errorMessage, ProblemError } from './errors.ts';
import { t } from './i18n.ts';
import { Store } from './store.ts';

/** What the user enters to log in. */
export interface Credentials {
  key: string;
  /** Whether to stay logged in after the browser is closed. */
  remember: boolean;
}

/** An open prompt for the API key. */
export interface KeyPrompt {
  /** Why the last attempt failed, or null. */
  error: string | null;
  /** Continues with what the user has entered, or with null if the user cancels. */
  answer: (credentials: Credentials | null) => void;
}

/**
 * Logs in with the API key when a request needs it. The key is exchanged for a cookie that scripts cannot read, and kept
 * nowhere.
 */
export class ApiKeyLogin {
  /** Whether requests are accepted without a prompt; null until the service has said so. */
  readonly loggedIn = new Store<boolean | null>(null);
  /** The open prompt, or null. */
  readonly prompt = new Store<KeyPrompt | null>(null);
  readonly #api: Pick<Api, 'read' | 'write'>;
  #prompting: Promise<boolean> | null = null;

  constructor(api: Pick<Api, 'read' | 'write'>) {
    this.#api = api;
  }

  /** Asks the service whether the browser is logged in. */
  async load(): Promise<boolean> {
    const reading = await this.#api.read('GET /session', {}, null);
    this.loggedIn.value = !reading.notModified && reading.value.logged_in;
    return this.loggedIn.value;
  }

  /** Exchanges the key for a cookie. @throws ProblemError if the key is wrong */
  async logIn(credentials: Credentials): Promise<void> {
    await this.#api.write('POST /session', { body: { ...credentials } });
    this.loggedIn.value = true;
  }

  /** Makes the cookie invalid. */
  async logOut(): Promise<void> {
    await this.#api.write('DELETE /session', {});
    this.loggedIn.value = false;
  }

  /** Notes that the service has rejected a request of a browser that was logged in. */
  expire(): void {
    this.loggedIn.value = false;
  }

  /**
   * Prompts for the key until it is accepted; concurrent calls share one prompt.
   * @returns whether the user is logged in; false if the user cancels
   */
  promptForKey(error: string | null = null): Promise<boolean> {
    this.#prompting ??= this.#prompt(error).finally(() => {
      this.#prompting = null;
      this.prompt.value = null;
    });
    return this.#prompting;
  }

  /**
   * Calls `request` when the user is logged in, and again after a login if the service rejects it.
   * @returns what `request` returns; null if the user cancels
   */
  async withKey<T>(request: () => Promise<T>): Promise<T | null> {
    const loggedIn = this.loggedIn.value ?? (await this.load());
    if (!loggedIn && !(await this.promptForKey())) return null;
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof ProblemError && error.requiresKey)) throw error;
        this.expire();
        if (!(await this.promptForKey())) return null;
      }
    }
  }

  async #prompt(firstError: string | null): Promise<boolean> {
    for (let error = firstError; ; ) {
      const credentials = await new Promise<Credentials | null>((answer) => {
        this.prompt.value = { error, answer };
      });
      if (credentials === null) return false;
      try {
        await this.logIn(credentials);
        return true;
      } catch (cause) {
        error = loginErrorText(cause);
      }
    }
  }
}

/** Why a login has failed. */
export function loginErrorText(cause: unknown): string {
  const isWrong = cause instanceof ProblemError && cause.requiresKey;
  return isWrong ? t('The API key is not valid.') : errorMessage(cause);
}
