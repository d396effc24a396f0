import { ProblemError } from './problems.ts';
import { Store } from './store.ts';

/** As sessionStorage: what it holds goes with the tab. */
export interface SessionMemory {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** The key is being asked for. */
export interface KeyQuestion {
  /** Whether one was given before and did not fit. */
  wrong: boolean;
  answer: (key: string | null) => void;
}

const NAME = 'roundhouse-key';

/** Holds the API key for as long as the tab is open, and asks for it once it is needed. */
export class KeyKeeper {
  readonly key: Store<string | null>;
  readonly question = new Store<KeyQuestion | null>(null);
  readonly #memory: SessionMemory;
  #asking: Promise<string | null> | null = null;

  constructor(memory: SessionMemory) {
    this.#memory = memory;
    this.key = new Store(memory.getItem(NAME));
  }

  forget(): void {
    this.#memory.removeItem(NAME);
    this.key.value = null;
  }

  /** Asks for the key; several who ask share one question. Null if it was declined. */
  ask(wrong = false): Promise<string | null> {
    this.#asking ??= new Promise<string | null>((resolve) => {
      this.question.value = { wrong, answer: resolve };
    }).then((key) => {
      this.#asking = null;
      this.question.value = null;
      if (key !== null) this.#keep(key);
      return key;
    });
    return this.#asking;
  }

  /**
   * Does what needs the key: asks for it if there is none, and again for as long as it does not fit.
   * @returns what `write` has returned; null if the key was declined.
   */
  async use<T>(write: () => Promise<T>): Promise<T | null> {
    if (this.key.value === null && (await this.ask()) === null) return null;
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof ProblemError && error.asksForKey)) throw error;
        this.forget();
        if ((await this.ask(true)) === null) return null;
      }
    }
  }

  #keep(key: string): void {
    this.#memory.setItem(NAME, key);
    this.key.value = key;
  }
}
