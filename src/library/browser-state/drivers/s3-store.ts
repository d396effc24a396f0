import type { S3Client } from '@aws-sdk/client-s3';
import { BrowserStateError, StorageError } from '../errors.ts';
import type { CallOptions, ListOptions, ObjectInfo, ObjectStore } from '../object-store.ts';
import { loadPackage } from './load-package.ts';

/** Options of an {@link S3Store}. Without credentials, the SDK's default chain is used. */
export interface S3StoreOptions {
  /** Name of the bucket, which must exist. */
  bucketName: string;
  /** Default: that of the SDK's configuration, or `us-east-1` with an `endpoint`. */
  region?: string;
  /** Access key, with `secretAccessKey`. */
  accessKeyId?: string;
  /** Secret of `accessKeyId`. */
  secretAccessKey?: string;
  /** Token of temporary credentials. */
  sessionToken?: string;
  /** URL of a server other than AWS. */
  endpoint?: string;
  /** Whether the bucket is in the path of URLs and not in the host name. Default: true with an `endpoint`. */
  forcePathStyle?: boolean;
}

type S3 = typeof import('@aws-sdk/client-s3');

/**
 * Objects in S3 or in a compatible store, with `@aws-sdk/client-s3`, which must be installed. Creation needs
 * `If-None-Match: *`.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export class S3Store implements ObjectStore {
  readonly kind = 's3';
  readonly #options: S3StoreOptions;
  #loaded: Promise<{ s3: S3; client: S3Client }> | undefined;

  constructor(options: S3StoreOptions) {
    this.#options = options;
  }

  async get(key: string, { signal }: CallOptions = {}): Promise<Uint8Array | undefined> {
    const { s3, client } = await this.#load();
    try {
      const command = new s3.GetObjectCommand({ ...this.#bucket, Key: key });
      const { Body, ContentLength } = await client.send(command, abortOption(signal));
      const bytes = await Body!.transformToByteArray();
      // A connection that is cut ends the body early.
      if (ContentLength !== undefined && bytes.length !== ContentLength)
        throw new StorageError(`received ${bytes.length} of ${ContentLength} bytes`, { transient: true });
      return bytes;
    } catch (error) {
      if (error instanceof s3.NoSuchKey) return undefined;
      throw translate(error);
    }
  }

  async put(key: string, bytes: Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    await this.#put(key, bytes, signal, {});
  }

  async create(key: string, bytes: Uint8Array, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#put(key, bytes, signal, { IfNoneMatch: '*' });
      return true;
    } catch (error) {
      if (statusOf((error as Error).cause) === 412) return false;
      throw error;
    }
  }

  async list(prefix: string, { signal, after }: ListOptions = {}): Promise<ObjectInfo[]> {
    const { s3, client } = await this.#load();
    const found: ObjectInfo[] = [];
    let token: string | undefined;
    do {
      const command = new s3.ListObjectsV2Command({
        ...this.#bucket,
        Prefix: prefix,
        ...(token === undefined
          ? after !== undefined && { StartAfter: after }
          : { ContinuationToken: token }),
      });
      const page = await client.send(command, abortOption(signal)).catch((error) => {
        throw translate(error);
      });
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
        found.push({ key: Key, size: Size, modifiedMs: LastModified?.getTime() ?? 0 });
      token = page.NextContinuationToken;
      if (page.IsTruncated && token === undefined)
        throw new StorageError('the listing ended before its last page', { transient: true });
    } while (token !== undefined);
    return found;
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    const { s3, client } = await this.#load();
    const command = new s3.DeleteObjectCommand({ ...this.#bucket, Key: key });
    await client.send(command, abortOption(signal)).catch((error) => {
      throw translate(error);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loaded = await this.#loaded?.catch(() => undefined);
    loaded?.client.destroy();
  }

  async #put(
    key: string,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    condition: { IfNoneMatch?: string },
  ) {
    const { s3, client } = await this.#load();
    const command = new s3.PutObjectCommand({
      ...this.#bucket,
      ...condition,
      ...{ Key: key, Body: bytes, ContentLength: bytes.length, ContentType: 'application/octet-stream' },
    });
    await client.send(command, abortOption(signal)).catch((error) => {
      throw translate(error);
    });
  }

  get #bucket() {
    return { Bucket: this.#options.bucketName };
  }

  #load() {
    this.#loaded ??= loadPackage('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3')).then((s3) => ({
      s3,
      client: new s3.S3Client(clientOptions(this.#options)),
    }));
    return this.#loaded;
  }
}

function clientOptions(options: S3StoreOptions) {
  const { region, accessKeyId, secretAccessKey, sessionToken, endpoint } = options;
  const { forcePathStyle = endpoint !== undefined } = options;
  const credentials = accessKeyId !== undefined && secretAccessKey !== undefined;
  const location = region ?? (endpoint === undefined ? undefined : 'us-east-1');
  return {
    forcePathStyle,
    // This library retries: an attempt to create must be followed by a comparison.
    maxAttempts: 1,
    // The default checksums use a form of upload that Ceph rejects. Every object has a SHA-256 of its own.
    requestChecksumCalculation: 'WHEN_REQUIRED' as const,
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
    ...(location !== undefined && { region: location }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && {
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    }),
  };
}

function abortOption(signal: AbortSignal | undefined) {
  return signal ? { abortSignal: signal } : {};
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** Without a status the connection failed. 409: another conditional write of the key was in progress. */
function translate(error: unknown): BrowserStateError {
  if (error instanceof BrowserStateError) return error;
  const status = statusOf(error);
  const { name, message } = error as Error;
  const isConfiguration = /^(CredentialsProviderError|InvalidUrl|TypeError)$/.test(name);
  const transient =
    status === undefined ? !isConfiguration : [408, 409, 429].includes(status) || status >= 500;
  return new StorageError(`${name}${status === undefined ? '' : ` (${status})`}: ${message}`, {
    transient: transient && status !== 501,
    cause: error,
  });
}
