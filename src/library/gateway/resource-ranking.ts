/** How often a resource was requested. */
export interface ResourceUse {
  /** Without redacted parameters. */
  readonly url: string;
  readonly requests: number;
  readonly hits: number;
  /** Bytes of bodies sent to browsers. */
  readonly bytesToBrowser: number;
}

const MAX_RESOURCES = 5000;

/** Counts requests by URL. Of too many URLs, those that were requested least are dropped. */
export class ResourceRanking {
  #resources = new Map<string, { requests: number; hits: number; bytesToBrowser: number }>();

  /** Counts a request. */
  add(url: string, isHit: boolean, bytesToBrowser: number): void {
    let resource = this.#resources.get(url);
    if (!resource) {
      if (this.#resources.size >= MAX_RESOURCES) this.#dropHalf();
      resource = { requests: 0, hits: 0, bytesToBrowser: 0 };
      this.#resources.set(url, resource);
    }
    resource.requests += 1;
    if (isHit) resource.hits += 1;
    resource.bytesToBrowser += bytesToBrowser;
  }

  /** The resources that were requested most, in this order. */
  top(limit: number): ResourceUse[] {
    return this.#sorted()
      .slice(0, limit)
      .map(([url, use]) => ({ url, ...use }));
  }

  /** Hits of a resource; 0 if it was not requested, or was dropped. */
  hitsOf(url: string): number {
    return this.#resources.get(url)?.hits ?? 0;
  }

  #sorted() {
    return [...this.#resources].sort(([, a], [, b]) => b.requests - a.requests);
  }

  #dropHalf(): void {
    this.#resources = new Map(this.#sorted().slice(0, MAX_RESOURCES / 2));
  }
}
