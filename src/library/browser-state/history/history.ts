import pLimit from 'p-limit';
import { isTombstone, type ListedVersion, type Manifest } from '../content/manifest.ts';
import { BrowserStateError } from '../errors.ts';
import type { CallOptions, ObjectStore } from '../object-store.ts';
import type { SessionListing, SessionObjects } from '../session-objects.ts';
import { nextOf, publish } from './commit.ts';

const READS_AT_ONCE = 8;

/** Reads the newest version of a session. @returns undefined if the session has never had one */
export async function readHead(
  objects: SessionObjects,
  { versions }: SessionListing,
  options: CallOptions = {},
): Promise<Manifest | undefined> {
  const version = versions.at(-1);
  return version === undefined ? undefined : await readVersion(objects, version, options);
}

/**
 * Reads a version.
 * @throws BrowserStateError `SESSION_NOT_FOUND` if it does not exist
 */
export async function readVersion(
  objects: SessionObjects,
  version: number,
  options: CallOptions = {},
): Promise<Manifest> {
  const manifest = await objects.readManifest(version, options);
  if (!manifest) throw notFound(objects, `version ${version} of `);
  return manifest;
}

/**
 * Reads a version that can be mounted.
 * @throws BrowserStateError `SESSION_NOT_FOUND` if it does not exist or was removed
 */
export async function requireVersion(objects: SessionObjects, version: number): Promise<Manifest> {
  const manifest = await readVersion(objects, version);
  if (isTombstone(manifest)) throw notFound(objects, `version ${version} of `);
  return manifest;
}

/**
 * Reads the newest version of a session that exists and is not deleted.
 * @throws BrowserStateError `SESSION_NOT_FOUND`
 */
export async function requireHead(objects: SessionObjects): Promise<Manifest> {
  const head = await readHead(objects, await objects.list());
  if (!head || isTombstone(head)) throw notFound(objects);
  return head;
}

/** Describes all versions that can be mounted, newest first. */
export async function listVersions(objects: SessionObjects): Promise<ListedVersion[]> {
  const { versions } = await objects.list();
  const limit = pLimit(READS_AT_ONCE);
  const manifests = await Promise.all(versions.map((version) => limit(() => objects.readManifest(version))));
  const described = manifests.filter((manifest) => manifest !== undefined).reverse();
  // A tombstone of a deletion ends the history before it, even while its manifests are being removed.
  const deletion = described.findIndex(({ reason }) => reason === 'deleted');
  const current = deletion === -1 ? described : described.slice(0, deletion);
  return current
    .filter((manifest) => !isTombstone(manifest))
    .map(({ version, parent, fence, createdAt, reason, contentVersion, restoredCheckpoint, files }) => ({
      ...{ version, parent, fence, createdAt, reason, contentVersion, fileCount: files.length },
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      ...(restoredCheckpoint !== undefined && { restoredCheckpoint }),
    }));
}

/**
 * Makes the content of an earlier version the newest version.
 * @returns the new version
 */
export async function rollBack(
  objects: SessionObjects,
  store: ObjectStore,
  version: number,
): Promise<Manifest> {
  const head = await requireHead(objects);
  const target = await requireVersion(objects, version);
  return await publish(objects, store, {
    ...target,
    ...nextOf(head),
    fence: head.version + 1,
    reason: 'rollback',
    contentVersion: head.version + 1,
  });
}

/**
 * Deletes a session: creates a tombstone, so that its number cannot be used by a writer that has the session mounted,
 * and then removes everything else.
 * @returns whether there was a session
 */
export async function deleteSession(objects: SessionObjects, store: ObjectStore): Promise<boolean> {
  const listing = await objects.list();
  const head = await readHead(objects, listing);
  const existed = head !== undefined && !isTombstone(head);
  if (existed) {
    const content = { files: [], chunks: [], packs: [], omitted: [], contentVersion: head.version + 1 };
    const { sidecar, browserVersion, ...rest } = head;
    await publish(objects, store, {
      ...rest,
      ...content,
      ...nextOf(head),
      fence: head.version + 1,
      reason: 'deleted',
    });
  }
  await objects.dropCaches();
  const { keys } = objects;
  await objects.delete([
    ...listing.packs.map(({ key }) => key),
    ...listing.checkpoints.map((number) => keys.checkpoint(number)),
    ...(existed ? listing.versions : listing.versions.slice(0, -1)).map((number) => keys.manifest(number)),
  ]);
  return existed;
}

function notFound(objects: SessionObjects, what = ''): BrowserStateError {
  const { user, session } = objects.keys;
  return new BrowserStateError('SESSION_NOT_FOUND', `${what}session ${user}/${session} does not exist`);
}
