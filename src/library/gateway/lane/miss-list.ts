/** A replay that misses more than this is not worth a complete list. */
const MAX_URLS = 10_000;

/** URLs that were missing, each once, in the order of their first occurrence. */
export class MissList {
  readonly #urls = new Set<string>();

  /** Adds a URL. */
  add(url: string): void {
    if (this.#urls.size < MAX_URLS) this.#urls.add(url);
  }

  /** A copy of the list. */
  list(): string[] {
    return [...this.#urls];
  }
}
