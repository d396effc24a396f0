import type { SessionCache } from './cache/session-cache.ts';
import type { Encryption } from './content/encryption.ts';
import { decodeObject, encodeObject } from './content/envelope.ts';
import { sha256 } from './content/hash.ts';
import type { Manifest, PackInfo } from './content/manifest.ts';
import type { FinishedPack } from './content/pack-writer.ts';
import { validateManifest } from './content/validate.ts';
import { BrowserStateError, CorruptObjectError } from './errors.ts';
import { numberIn, type SessionKeys } from './keys.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from './object-store.ts';

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** What all sessions of a store share. */
export interface StorageContext {
  readonly store: ObjectStore;
  readonly caches: readonly SessionCache[];
  readonly encryption: Encryption | undefined;
  readonly maxProfileBytes: number;
}

/** The objects of a session, from one listing. */
export interface SessionListing {
  /** Numbers of the manifests, ascending. */
  readonly versions: readonly number[];
  /** Numbers of the lease objects, ascending. */
  readonly leases: readonly number[];
  /** Numbers of the checkpoints, ascending. */
  readonly checkpoints: readonly number[];
  readonly packs: readonly ObjectInfo[];
}

/** Reads and writes the objects of one session, through the caches, and verifies what it reads. */
export class SessionObjects {
  readonly keys: SessionKeys;
  readonly #context: StorageContext;

  constructor(keys: SessionKeys, context: StorageContext) {
    this.keys = keys;
    this.#context = context;
  }

  /** Lists all objects of the session. */
  async list(options: CallOptions = {}): Promise<SessionListing> {
    const objects = await this.#context.store.list(this.keys.root, options);
    const numbers = (folder: string) =>
      objects.map(({ key }) => numberIn(folder, key)).filter((number) => number !== undefined);
    return {
      versions: numbers(this.keys.manifests),
      leases: numbers(this.keys.leases),
      checkpoints: numbers(this.keys.checkpoints),
      packs: objects.filter(({ key }) => key.startsWith(this.keys.packs)),
    };
  }

  /**
   * Reads and validates a manifest.
   * @returns undefined if there is none with this number
   * @throws CorruptObjectError if it is damaged, unsafe, or belongs to another session
   */
  async readManifest(version: number, { signal }: CallOptions = {}): Promise<Manifest | undefined> {
    return await this.#read(this.keys.manifest(version), signal, (bytes, key) =>
      this.#decodeManifest(version, bytes, key),
    );
  }

  async #decodeManifest(version: number, bytes: Uint8Array, key: string): Promise<Manifest> {
    const options = {
      key,
      context: this.#contextOf(version),
      maxBytes: MAX_MANIFEST_BYTES,
      encryption: this.#context.encryption,
    };
    const text = (await decodeObject('manifest', bytes, options)).toString();
    const { user, session } = this.keys;
    try {
      const manifest: unknown = JSON.parse(text);
      validateManifest(manifest, this.#context);
      if (manifest.user !== user || manifest.session !== session || manifest.version !== version)
        throw new Error(`is version ${manifest.version} of session ${manifest.user}/${manifest.session}`);
      return manifest;
    } catch (cause) {
      throw new CorruptObjectError(key, `invalid manifest: ${(cause as Error).message}`, { cause });
    }
  }

  /** Creates a manifest if its number is free. @returns whether it was created */
  async createManifest(manifest: Manifest, { signal }: CallOptions = {}): Promise<boolean> {
    const key = this.keys.manifest(manifest.version);
    const bytes = await this.#encodeManifest(manifest);
    if (!(await this.#context.store.create(key, bytes, signalOption(signal)))) return false;
    await this.#cache(key, bytes);
    return true;
  }

  /** Replaces a manifest, which only the trimming of the history does. */
  async replaceManifest(manifest: Manifest): Promise<void> {
    const key = this.keys.manifest(manifest.version);
    await this.#context.store.put(key, await this.#encodeManifest(manifest));
    await Promise.all(this.#context.caches.map((cache) => cache.drop(this.keys, key)));
  }

  #encodeManifest(manifest: Manifest): Promise<Uint8Array> {
    const payload = Buffer.from(JSON.stringify(manifest));
    return encodeObject('manifest', this.#contextOf(manifest.version), payload, this.#context.encryption);
  }

  /**
   * Reads a pack and decompresses it.
   * @throws CorruptObjectError if it is missing or damaged
   */
  async readPack({ name, rawSize, version }: PackInfo, { signal }: CallOptions = {}): Promise<Uint8Array> {
    const pack = await this.#read(this.keys.pack(name), signal, async (bytes, key) => {
      if (sha256(bytes) !== name)
        throw new CorruptObjectError(key, 'its SHA-256 is not its name: it is damaged');
      const options = {
        key,
        context: this.#contextOf(version),
        maxBytes: rawSize,
        encryption: this.#context.encryption,
      };
      const raw = await decodeObject('pack', bytes, options);
      if (raw.length !== rawSize)
        throw new CorruptObjectError(key, `has ${raw.length} bytes instead of ${rawSize}`);
      return raw;
    });
    if (!pack) throw new CorruptObjectError(this.keys.pack(name), 'the pack is missing');
    return pack;
  }

  /** Stores a pack. */
  async writePack({ info, bytes }: FinishedPack, { signal }: CallOptions = {}): Promise<void> {
    const key = this.keys.pack(info.name);
    await this.#context.store.put(key, bytes, signalOption(signal));
    await this.#cache(key, bytes);
  }

  /** Reads a checkpoint. @returns undefined if there is none */
  async readCheckpoint(fence: number, maxBytes: number): Promise<unknown> {
    const key = this.keys.checkpoint(fence);
    const bytes = await this.#context.store.get(key);
    if (!bytes) return undefined;
    const options = { key, context: this.#contextOf(fence), maxBytes, encryption: this.#context.encryption };
    return JSON.parse((await decodeObject('checkpoint', bytes, options)).toString());
  }

  /** Writes a checkpoint. */
  async writeCheckpoint(fence: number, value: unknown): Promise<void> {
    const payload = Buffer.from(JSON.stringify(value));
    const bytes = await encodeObject('checkpoint', this.#contextOf(fence), payload, this.#context.encryption);
    await this.#context.store.put(this.keys.checkpoint(fence), bytes);
  }

  /** Deletes objects of the session in storage. */
  async delete(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#context.store.delete(key)));
  }

  /** Drops the session from all caches. */
  async dropCaches(): Promise<void> {
    await Promise.all(this.#context.caches.map((cache) => cache.dropSession(this.keys)));
  }

  /** Reads from the first cache that has valid bytes, else from storage, and fills the caches before it. */
  async #read<T>(
    key: string,
    signal: AbortSignal | undefined,
    decode: (bytes: Uint8Array, key: string) => Promise<T>,
  ): Promise<T | undefined> {
    const missed: SessionCache[] = [];
    for (const cache of this.#context.caches) {
      const bytes = await cache.get(this.keys, key);
      const value = bytes && (await this.#decodeCached(cache, key, bytes, decode));
      if (bytes && value !== undefined) {
        await Promise.all(missed.map((before) => before.set(this.keys, key, bytes)));
        return value;
      }
      missed.push(cache);
    }
    const bytes = await this.#context.store.get(key, signalOption(signal));
    if (!bytes) return undefined;
    const value = await decode(bytes, key);
    await Promise.all(missed.map((cache) => cache.set(this.keys, key, bytes)));
    return value;
  }

  async #decodeCached<T>(
    cache: SessionCache,
    key: string,
    bytes: Uint8Array,
    decode: (bytes: Uint8Array, key: string) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await decode(bytes, key);
    } catch (error) {
      if (!(error instanceof BrowserStateError)) throw error;
      cache.counters.errors += 1;
      await cache.drop(this.keys, key);
      return undefined;
    }
  }

  async #cache(key: string, bytes: Uint8Array): Promise<void> {
    await Promise.all(this.#context.caches.map((cache) => cache.set(this.keys, key, bytes)));
  }

  #contextOf(version: number) {
    return { user: this.keys.user, session: this.keys.session, version };
  }
}

function signalOption(signal: AbortSignal | undefined): CallOptions {
  return signal ? { signal } : {};
}
