import type { Encryption, ObjectContext } from './encryption.ts';
import { encodeObject } from './envelope.ts';
import { sha256 } from './hash.ts';
import type { ChunkLocation, PackInfo } from './manifest.ts';

/** Size at which a pack is closed, in bytes before compression. */
export const PACK_SIZE = 8 * 1024 * 1024;

/** A pack that is ready to be stored. */
export interface FinishedPack {
  readonly info: PackInfo;
  /** Bytes to store under {@link PackInfo.name}. */
  readonly bytes: Uint8Array;
  /** Its chunks, without the index of the pack. */
  readonly chunks: readonly Omit<ChunkLocation, 'pack'>[];
}

/** Collects chunks into packs of bounded size. */
export class PackWriter {
  readonly #context: ObjectContext;
  readonly #encryption: Encryption | undefined;
  #chunks: Omit<ChunkLocation, 'pack'>[] = [];
  #parts: Uint8Array[] = [];
  #rawSize = 0;

  constructor(context: ObjectContext, encryption: Encryption | undefined) {
    this.#context = context;
    this.#encryption = encryption;
  }

  /** Adds a chunk. @returns the pack, if it is now full */
  async add(hash: string, bytes: Uint8Array): Promise<FinishedPack | undefined> {
    this.#chunks.push({ hash, offset: this.#rawSize, length: bytes.length });
    this.#parts.push(bytes);
    this.#rawSize += bytes.length;
    return this.#rawSize >= PACK_SIZE ? await this.finish() : undefined;
  }

  /** Closes the pack. @returns undefined if it is empty */
  async finish(): Promise<FinishedPack | undefined> {
    if (this.#chunks.length === 0) return undefined;
    const [chunks, parts, rawSize] = [this.#chunks, this.#parts, this.#rawSize];
    this.#chunks = [];
    this.#parts = [];
    this.#rawSize = 0;
    const bytes = await encodeObject('pack', this.#context, Buffer.concat(parts), this.#encryption);
    const info = { name: sha256(bytes), size: bytes.length, rawSize, version: this.#context.version };
    return { info, bytes, chunks };
  }
}
