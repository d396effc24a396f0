/** Engines whose names are kept after they have stopped: their last events follow the stop. */
const MAX_ENGINES = 1000;

/** Where names are looked up. */
export interface NameSources {
  engine: (id: string) => string | undefined;
  stream: (id: string) => string | null | undefined;
}

/** Names of the engines and streams that events are about. */
export class SubjectNames {
  readonly #engines = new Map<string, string>();
  #sources: NameSources = { engine: () => undefined, stream: () => undefined };

  /** Sets where names are looked up. */
  connect(sources: NameSources): void {
    this.#sources = sources;
  }

  /** The name of an engine, also after it has stopped; undefined if it has never had a name here. */
  engine(id: string): string | undefined {
    const name = this.#sources.engine(id);
    if (name === undefined) return this.#engines.get(id);
    this.#engines.set(id, name);
    if (this.#engines.size > MAX_ENGINES) this.#engines.delete(this.#engines.keys().next().value!);
    return name;
  }

  /** The name of a stream, or undefined. */
  stream(id: string): string | undefined {
    return this.#sources.stream(id) ?? undefined;
  }
}
