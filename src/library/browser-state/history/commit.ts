import { randomUUID } from 'node:crypto';
import type { Clock } from '../../util/clock.ts';
import type { Encryption } from '../content/encryption.ts';
import type { ChunkLocation, Manifest, PackInfo, Sidecar, VersionReason } from '../content/manifest.ts';
import { type FinishedPack, PackWriter } from '../content/pack-writer.ts';
import { type ProfileFile, readChunks, type Snapshot } from '../content/snapshot.ts';
import { VersionConflictError } from '../errors.ts';
import { numberIn } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { SessionObjects } from '../session-objects.ts';
import { planPacks } from './plan.ts';

/** Packs that are stored at the same time; they are in memory until then. */
const UPLOADS_AT_ONCE = 4;

/** What a commit needs. */
export interface CommitInput {
  readonly objects: SessionObjects;
  readonly store: ObjectStore;
  readonly encryption: Encryption | undefined;
  readonly clock: Clock;
  /** The version on which it is based. */
  readonly base: Manifest;
  /** Folder with the files of `snapshot`. */
  readonly folder: string;
  readonly snapshot: Snapshot;
  readonly fence: number;
  readonly reason: VersionReason;
  readonly sidecar?: Sidecar | undefined;
  readonly browserVersion?: string | undefined;
  readonly restoredCheckpoint?: string | undefined;
  /** How long an unreferenced pack is kept at least, in milliseconds. */
  readonly graceMs: number;
  /** Whether the packs of `base` may have been deleted since it was read. */
  readonly checkPacks: boolean;
  /** Called when bytes have been stored. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Commits a snapshot: stores the packs, then creates the next manifest if its number is free. A crash at any point
 * leaves either the old version or the new one.
 * @throws VersionConflictError if another writer was first
 */
export async function commitSnapshot(input: CommitInput): Promise<Manifest> {
  let { base, checkPacks } = input;
  for (;;) {
    const startedAt = input.clock.now();
    const content = await storeChunks(input, base, checkPacks ? await listPacks(input) : undefined);
    const next = describeNext(input, content);
    // A sweep deletes unreferenced packs after the grace period. After half of it, the packs are checked again.
    if (input.clock.now() - startedAt < input.graceMs / 2)
      return await publish(input.objects, input.store, next);
    base = { ...next, version: input.base.version };
    checkPacks = true;
  }
}

type Content = Pick<Manifest, 'files' | 'chunks' | 'packs'>;

async function listPacks({ objects }: CommitInput): Promise<Set<string>> {
  const { packs } = await objects.list();
  return new Set(packs.map(({ key }) => key));
}

async function storeChunks(
  input: CommitInput,
  base: Manifest,
  existing: Set<string> | undefined,
): Promise<Content> {
  const { objects, snapshot, folder } = input;
  const usable = ({ name }: PackInfo) => !existing || existing.has(objects.keys.pack(name));
  const plan = planPacks(base, snapshot, usable);
  const packs = [...plan.packs];
  const locations = new Map(plan.chunks);
  const { user, session } = objects.keys;
  const writer = new PackWriter({ user, session, version: input.base.version + 1 }, input.encryption);
  const uploads = new Uploads(async (pack) => {
    await objects.writePack(pack);
    input.onBytes?.(pack.bytes.length);
  });
  const store = async (pack: FinishedPack | undefined) => {
    if (!pack) return;
    const index = packs.push(pack.info) - 1;
    for (const chunk of pack.chunks) locations.set(chunk.hash, { ...chunk, pack: index });
    await uploads.add(pack);
  };
  const written = new Set<string>();
  for (const file of snapshot.files) {
    const isWanted = ({ hash }: { hash: string }) => !locations.has(hash) && !written.has(hash);
    if (!file.chunks.some(isWanted)) continue;
    for await (const { chunk, bytes } of readChunks(folder, file, isWanted)) {
      written.add(chunk.hash);
      await store(await writer.add(chunk.hash, bytes));
    }
  }
  await store(await writer.finish());
  await uploads.finished();
  return { packs, ...indexFiles(snapshot.files, locations) };
}

/** Stores packs in the background, a few at once. */
class Uploads {
  readonly #upload: (pack: FinishedPack) => Promise<void>;
  readonly #running = new Set<Promise<void>>();

  constructor(upload: (pack: FinishedPack) => Promise<void>) {
    this.#upload = upload;
  }

  /** Resolves when there is room for the next pack. */
  async add(pack: FinishedPack): Promise<void> {
    const upload = this.#upload(pack);
    this.#running.add(upload);
    // The rejection is reported by the calls that wait for it.
    upload.then(() => this.#running.delete(upload)).catch(() => {});
    if (this.#running.size >= UPLOADS_AT_ONCE) await Promise.race(this.#running);
  }

  async finished(): Promise<void> {
    await Promise.all(this.#running);
  }
}

function indexFiles(files: readonly ProfileFile[], locations: ReadonlyMap<string, ChunkLocation>) {
  const chunks: ChunkLocation[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (hash: string) => {
    let index = indexes.get(hash);
    if (index === undefined) {
      index = chunks.push(locations.get(hash)!) - 1;
      indexes.set(hash, index);
    }
    return index;
  };
  return {
    files: files.map(({ chunks: ofFile, ...file }) => ({
      ...file,
      chunks: ofFile.map(({ hash }) => indexOf(hash)),
    })),
    chunks,
  };
}

function describeNext(input: CommitInput, content: Content): Manifest {
  const { base, fence, reason, snapshot, sidecar, browserVersion, restoredCheckpoint } = input;
  const version = base.version + 1;
  return {
    ...nextOf(base),
    ...content,
    fence,
    reason,
    contentVersion: version,
    omitted: snapshot.omitted,
    ...(sidecar && { sidecar }),
    ...(browserVersion !== undefined && { browserVersion }),
    ...(restoredCheckpoint !== undefined && { restoredCheckpoint }),
  };
}

/** Returns the fields that link a version to the one before it. */
export function nextOf(base: Manifest) {
  const { user, session } = base;
  const createdAt = new Date().toISOString();
  return {
    user,
    session,
    version: base.version + 1,
    id: randomUUID(),
    parent: base.version,
    parentId: base.id,
    createdAt,
  };
}

/**
 * Creates a manifest if its number is free, and then checks that there is no higher number: a writer that was paused
 * for long may find a number free because the history before the current version has been removed.
 * @throws VersionConflictError if another writer was first
 */
export async function publish(
  objects: SessionObjects,
  store: ObjectStore,
  manifest: Manifest,
): Promise<Manifest> {
  const { version, parent } = manifest;
  const name = `${objects.keys.user}/${objects.keys.session}`;
  const folder = objects.keys.manifests;
  const higher = async (after: number) => {
    const listed = await store.list(folder, { after: objects.keys.manifest(after) });
    return listed.map(({ key }) => numberIn(folder, key)).filter((number) => number !== undefined);
  };
  if (!(await objects.createManifest(manifest)))
    throw new VersionConflictError(name, parent, (await higher(parent)).at(-1) ?? version);
  const later = await higher(version);
  const superseded =
    later[0] === version + 1 && (await objects.readManifest(version + 1))?.parentId === manifest.id;
  if (later.length === 0 || superseded) return manifest;
  await objects.replaceManifest({ ...manifest, reason: 'trimmed', files: [], chunks: [] });
  throw new VersionConflictError(name, parent, later.at(-1)!);
}
