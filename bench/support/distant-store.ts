import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectInfo, ObjectStore } from '../../src/library/browser-state/index.ts';

/** An object store in memory in which every call takes a fixed time, as in a store on another host. */
export class DistantStore implements ObjectStore {
  readonly kind = 'distant';
  /** Bytes that were written. */
  bytesSent = 0;
  readonly #latencyMs: number;
  readonly #objects = new Map<string, { bytes: Uint8Array; modifiedMs: number }>();

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await delay(this.#latencyMs);
    return this.#objects.get(key)?.bytes;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await delay(this.#latencyMs);
    this.#write(key, bytes);
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    await delay(this.#latencyMs);
    if (this.#objects.has(key)) return false;
    this.#write(key, bytes);
    return true;
  }

  async list(prefix: string, { after = '' }: { after?: string } = {}): Promise<ObjectInfo[]> {
    await delay(this.#latencyMs);
    return [...this.#objects]
      .filter(([key]) => key.startsWith(prefix) && key > after)
      .map(([key, { bytes, modifiedMs }]) => ({ key, size: bytes.length, modifiedMs }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    await delay(this.#latencyMs);
    this.#objects.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #write(key: string, bytes: Uint8Array): void {
    this.bytesSent += bytes.length;
    this.#objects.set(key, { bytes: Buffer.from(bytes), modifiedMs: Date.now() });
  }
}
