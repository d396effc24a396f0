import type { EventEmitter } from 'node:events';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Bucket } from '@google-cloud/storage';
import { StorageError } from '../errors.ts';
import type { CallOptions, ListOptions, ObjectInfo, ObjectStore } from '../object-store.ts';
import { loadPackage } from './load-package.ts';

const MAX_LISTENERS = 20;

/** Options of a {@link GcsStore}. Without a key file, the application default credentials are used. */
export interface GcsStoreOptions {
  /** Name of the bucket, which must exist. */
  bucketName: string;
  /** ID of the project. Default: that of the credentials. */
  projectID?: string;
  /** Path of the key file of a service account. */
  keyFilename?: string;
  /** URL of a server other than Google's, such as an emulator. Requests to it are not authenticated. */
  apiEndpoint?: string;
}

/**
 * Objects in Google Cloud Storage, with `@google-cloud/storage`, which must be installed.
 * @see https://cloud.google.com/storage/docs/request-preconditions
 */
export class GcsStore implements ObjectStore {
  readonly kind = 'gcs';
  readonly #options: GcsStoreOptions;
  #bucket: Promise<Bucket> | undefined;

  constructor(options: GcsStoreOptions) {
    this.#options = options;
  }

  async get(key: string, { signal }: CallOptions = {}): Promise<Uint8Array | undefined> {
    const bucket = await this.#open();
    const stream = bucket.file(key).createReadStream();
    // The package adds 12 listeners to a response, and Node.js prints a warning above 10.
    stream.on('response', (response: EventEmitter) => response.setMaxListeners(MAX_LISTENERS));
    try {
      return await buffer(signal ? addAbortSignal(signal, stream) : stream);
    } catch (error) {
      if (codeOf(error) === 404 && !isMissingBucket(error)) return undefined;
      throw translate(error);
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#save(key, bytes, {});
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#save(key, bytes, { ifGenerationMatch: 0 });
      return true;
    } catch (error) {
      if (codeOf((error as Error).cause) === 412) return false;
      throw error;
    }
  }

  async list(prefix: string, { after }: ListOptions = {}): Promise<ObjectInfo[]> {
    const bucket = await this.#open();
    // `startOffset` includes the key itself.
    const query = { prefix, autoPaginate: true, ...(after !== undefined && { startOffset: after }) };
    const [files] = await bucket.getFiles(query).catch((error) => {
      throw translate(error);
    });
    return files
      .filter(({ name }) => after === undefined || name > after)
      .map(({ name, metadata }) => ({
        key: name,
        size: Number(metadata.size),
        modifiedMs: Date.parse(metadata.updated ?? ''),
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    const bucket = await this.#open();
    await bucket
      .file(key)
      .delete()
      .catch((error) => {
        if (codeOf(error) !== 404 || isMissingBucket(error)) throw translate(error);
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #save(
    key: string,
    bytes: Uint8Array,
    preconditionOpts: { ifGenerationMatch?: number },
  ): Promise<void> {
    const bucket = await this.#open();
    // A resumable upload takes a second call. Every object has a SHA-256 of its own.
    const options = { resumable: false, validation: false as const, preconditionOpts };
    await bucket
      .file(key)
      .save(Buffer.from(bytes), options)
      .catch((error) => {
        throw translate(error);
      });
  }

  #open(): Promise<Bucket> {
    this.#bucket ??= loadPackage('@google-cloud/storage', () => import('@google-cloud/storage')).then(
      ({ Storage }) => {
        const { bucketName, projectID, keyFilename, apiEndpoint } = this.#options;
        const storage = new Storage({
          // This library retries: an attempt to create must be followed by a comparison.
          retryOptions: { autoRetry: false },
          ...(projectID !== undefined && { projectId: projectID }),
          ...(keyFilename !== undefined && { keyFilename }),
          ...(apiEndpoint !== undefined && { apiEndpoint }),
        });
        return storage.bucket(bucketName);
      },
    );
    return this.#bucket;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

function isMissingBucket(error: unknown): boolean {
  return /bucket does not exist/i.test((error as Error).message);
}

function translate(error: unknown): StorageError {
  const code = codeOf(error);
  const transient = typeof code !== 'number' || [408, 429].includes(code) || (code >= 500 && code !== 501);
  return new StorageError(`${(error as Error).message} (${String(code)})`, { transient, cause: error });
}
