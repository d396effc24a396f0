/** Where a chunk is stored. */
export interface ChunkLocation {
  /** SHA-256 of the chunk. */
  readonly hash: string;
  /** Index in {@link Manifest.packs}. */
  readonly pack: number;
  /** Offset in the decompressed pack, in bytes. */
  readonly offset: number;
  /** Length in bytes. */
  readonly length: number;
}

/** A pack: an object with chunks, compressed. */
export interface PackInfo {
  /** SHA-256 of the stored bytes, which is its name. */
  readonly name: string;
  /** Size as stored, in bytes. */
  readonly size: number;
  /** Size after decompression, in bytes. */
  readonly rawSize: number;
  /** The version that wrote it. */
  readonly version: number;
}

/** A file in a manifest. */
export interface ManifestFile {
  /** Path in the profile, with "/". */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Indexes in {@link Manifest.chunks}, in order. */
  readonly chunks: readonly number[];
}

/** Why a version exists. */
export type VersionReason = 'commit' | 'takeover' | 'rollback' | 'fork' | 'import' | 'deleted' | 'trimmed';

/** What a session keeps beside the files of its profile. */
export interface Sidecar {
  /** Session cookies, in the form of Playwright's `context.cookies()`. Chromium does not write them to disk. */
  readonly sessionCookies?: readonly unknown[];
  /** An imported state, in the form of Playwright's `context.storageState()`, that no browser has loaded yet. */
  readonly storageState?: unknown;
}

/** Description of a version. */
export interface VersionInfo {
  /** Number of the version. Versions start at 1; numbers are never reused. */
  readonly version: number;
  /** The version that it replaced; 0 if there was none. */
  readonly parent: number;
  /** Fencing number of the writer's lease. */
  readonly fence: number;
  /** When it was written, by the writer's clock (ISO 8601). For people; nothing is decided by it. */
  readonly createdAt: string;
  /** Why it exists. */
  readonly reason: VersionReason;
  /** The version that has introduced this content: an earlier one after a takeover. */
  readonly contentVersion: number;
  /** When the checkpoint was saved that the browser started with, because the one before it crashed (ISO 8601). */
  readonly restoredCheckpoint?: string;
}

/** A version in the list of a session's versions. */
export interface ListedVersion extends VersionInfo {
  /** Number of its files. */
  readonly fileCount: number;
  /** Size of its files in bytes, before deduplication and compression. */
  readonly bytes: number;
}

/** A version of a profile. */
export interface Manifest extends VersionInfo {
  /** ID of the user. */
  readonly user: string;
  /** ID of the session. */
  readonly session: string;
  /** Random, so that a writer recognises its own manifest. */
  readonly id: string;
  /** The `id` of the parent; empty if there was none. */
  readonly parentId: string;
  /** Files in order of their paths. */
  readonly files: readonly ManifestFile[];
  /** Chunks of all files, each once. */
  readonly chunks: readonly ChunkLocation[];
  /** Packs that contain these chunks. */
  readonly packs: readonly PackInfo[];
  /** Files and folders that were left out. */
  readonly omitted: readonly string[];
  /** Version of the browser that wrote the profile, if known. */
  readonly browserVersion?: string;
  /** What is kept beside the files. */
  readonly sidecar?: Sidecar;
}

/** Whether the version is a tombstone: its number is used, its content is gone. */
export function isTombstone({ reason }: VersionInfo): boolean {
  return reason === 'deleted' || reason === 'trimmed';
}

/** Returns a version without content, such as the parent of the first one. */
export function emptyManifest(user: string, session: string, version: number, id = ''): Manifest {
  return {
    user,
    session,
    version,
    id,
    parent: 0,
    parentId: '',
    fence: 0,
    contentVersion: 0,
    createdAt: '',
    reason: 'commit',
    files: [],
    chunks: [],
    packs: [],
    omitted: [],
  };
}
