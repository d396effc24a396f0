import { mkdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RedisLink } from '../../redis/index.ts';
import type { EncryptionOptions } from '../content/encryption.ts';
import { GcsStore } from '../drivers/gcs-store.ts';
import { LocalStore } from '../drivers/local-store.ts';
import { RedisStore } from '../drivers/redis-store.ts';
import { S3Store } from '../drivers/s3-store.ts';
import { RedisLeases } from '../leases/redis-leases.ts';
import type { ObjectStore } from '../object-store.ts';
import { ProfileStore } from '../profile-store.ts';

/** A pack of 8 MiB takes longer than the default of a link on a slow network. */
const REDIS_COMMAND_TIMEOUT_MS = 10_000;

/** Options of the command line that select the storage, for `parseArgs`. */
export const STORAGE_OPTIONS = {
  storage: { type: 'string' },
  endpoint: { type: 'string' },
  region: { type: 'string' },
  'redis-leases': { type: 'string' },
  'redis-prefix': { type: 'string', default: 'browserstate' },
  prefix: { type: 'string' },
  key: { type: 'string', multiple: true },
  'work-folder': { type: 'string' },
  'max-versions': { type: 'string' },
  'max-age': { type: 'string' },
} as const;

/** Values of {@link STORAGE_OPTIONS}. */
export interface StorageValues {
  readonly storage?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly 'redis-leases'?: string | undefined;
  readonly 'redis-prefix': string;
  readonly prefix?: string | undefined;
  readonly key?: string[] | undefined;
  readonly 'work-folder'?: string | undefined;
  readonly 'max-versions'?: string | undefined;
  readonly 'max-age'?: string | undefined;
}

/** An open store, whose connections are closed with it. */
export interface OpenProfiles extends AsyncDisposable {
  readonly store: ProfileStore;
}

/** Opens the storage that the command line names. @throws Error that says what is missing */
export async function openProfiles(values: StorageValues): Promise<OpenProfiles> {
  const { storage = process.env.PROFILE_STORAGE, prefix, 'work-folder': workFolder } = values;
  if (!storage) throw new Error('--storage is missing: a folder, s3://BUCKET, gs://BUCKET or redis://HOST');
  const isRedis = /^rediss?:/.test(storage);
  const leasesUrl = isRedis ? storage : values['redis-leases'];
  const link = leasesUrl === undefined ? undefined : openLink(leasesUrl, values['redis-prefix']);
  try {
    const encryption = values.key && (await readKeys(values.key));
    const { 'max-versions': maxVersions, 'max-age': maxAgeS } = values;
    const store = await ProfileStore.open({
      driver: isRedis ? new RedisStore({ link: link! }) : await openDriver(storage, values),
      history: {
        ...(maxVersions !== undefined && { maxVersions: Number(maxVersions) }),
        ...(maxAgeS !== undefined && { maxAgeS: Number(maxAgeS) }),
      },
      ...(link && { leases: new RedisLeases(link) }),
      ...(prefix !== undefined && { prefix }),
      ...(workFolder !== undefined && { workFolder }),
      ...(encryption && { encryption }),
    });
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store.close();
        link?.close();
      },
    };
  } catch (error) {
    link?.close();
    throw error;
  }
}

async function openDriver(storage: string, { endpoint, region }: StorageValues): Promise<ObjectStore> {
  const [, scheme, bucketName = ''] = /^(s3|gs):\/\/([^/]+)\/?$/.exec(storage) ?? [];
  if (scheme === 's3')
    return new S3Store({
      bucketName,
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
    });
  if (scheme === 'gs')
    return new GcsStore({ bucketName, ...(endpoint !== undefined && { apiEndpoint: endpoint }) });
  if (/^\w+:\/\//.test(storage)) throw new Error(`--storage ${storage} is not supported`);
  const folder = resolve(storage);
  await mkdir(dirname(folder), { recursive: true });
  return new LocalStore({ folder });
}

function openLink(url: string, prefix: string): RedisLink {
  return new RedisLink({ url, prefix, commandTimeoutMs: REDIS_COMMAND_TIMEOUT_MS });
}

async function readKeys(texts: readonly string[]): Promise<EncryptionOptions> {
  const keys: Record<string, Uint8Array> = {};
  for (const text of texts) {
    const [, id = '', file = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (id === '') throw new Error(`--key must be ID=FILE, not ${text}`);
    keys[id] = await readFile(file);
  }
  return { currentKey: Object.keys(keys)[0]!, keys };
}
