import { ProblemError } from './errors.ts';
import { Store } from './store.ts';

/** An open request for the API key. */
export interface KeyPrompt {
  /** Whether the service rejected the key entered before. */
  rejected: boolean;
  /** Closes the prompt with the key, or with null if the user cancels. */
  answer: (key: string | null) => void;
}

const ITEM = 'roundhouse-key';

/** Keeps the API key in the tab's session storage, and prompts for it when a request needs it. */
export class ApiKeyStore {
  readonly key: Store<string | null>;
  /** The open prompt, or null. */
  readonly prompt = new Store<KeyPrompt | null>(null);
  /** Whether the service has rejected the latest key. */
  readonly rejected = new Store(false);
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  #prompting: Promise<string | null> | null = null;

  /** @param storage sessionStorage, which the browser deletes when the tab is closed */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.#storage = storage;
    this.key = new Store(storage.getItem(ITEM));
  }

  forget(): void {
    this.#storage.removeItem(ITEM);
    this.key.value = null;
  }

  /** Forgets a key that the service has rejected. */
  reject(): void {
    this.rejected.value = true;
    this.forget();
  }

  /** Prompts for the key; concurrent calls share one prompt. @returns the key, or null if the user cancels */
  promptForKey(rejected = false): Promise<string | null> {
    this.#prompting ??= new Promise<string | null>((resolve) => {
      this.prompt.value = { rejected, answer: resolve };
    }).then((key) => {
      this.#prompting = null;
      this.prompt.value = null;
      if (key !== null) this.#save(key);
      return key;
    });
    return this.#prompting;
  }

  /**
   * Calls `request` with a key set: prompts if there is none, and again as long as the service rejects it.
   * @returns what `request` returns; null if the user cancels
   */
  async withKey<T>(request: () => Promise<T>): Promise<T | null> {
    if (this.key.value === null && (await this.promptForKey()) === null) return null;
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof ProblemError && error.requiresKey)) throw error;
        this.forget();
        if ((await this.promptForKey(true)) === null) return null;
      }
    }
  }

  #save(key: string): void {
    this.#storage.setItem(ITEM, key);
    this.rejected.value = false;
    this.key.value = key;
  }
}
