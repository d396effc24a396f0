/** IDs of users and sessions. They are parts of keys and of paths, so the alphabet is small. */
const ID = /^[A-Za-z0-9._@-]{1,128}$/;
const VERSION_DIGITS = 8;

/** Highest version number that a key can contain. */
export const MAX_VERSION = 10 ** VERSION_DIGITS - 1;

/**
 * Checks the ID of a user or a session.
 * @throws RangeError that describes a valid ID
 */
export function checkId(what: 'user' | 'session', id: string): void {
  if (typeof id === 'string' && ID.test(id) && id !== '.' && id !== '..') return;
  throw new RangeError(
    `the ${what} ID must be 1 to 128 of the characters A-Z a-z 0-9 . _ @ -, and not "." or "..": ${JSON.stringify(id)}`,
  );
}

/**
 * Checks the prefix of all keys.
 * @throws RangeError if it is neither empty nor ends in "/", or has empty, "." or ".." parts
 */
export function checkPrefix(prefix: string): void {
  const parts = prefix.split('/');
  const valid =
    prefix === '' || (parts.pop() === '' && parts.every((part) => ID.test(part) && !/^\.\.?$/.test(part)));
  if (!valid)
    throw new RangeError(
      `the prefix must be empty, or names that each end in "/": ${JSON.stringify(prefix)}`,
    );
}

/**
 * Keys of one session. Every folder ends in "/": without it, listing session `s1` would also return the objects
 * of `s10`.
 */
export class SessionKeys {
  /** Folder of the session. All of its objects are in it. */
  readonly root: string;
  /** The user's ID. */
  readonly user: string;
  /** The session's ID. */
  readonly session: string;

  /** Separates the session in caches and leases from those of other stores. */
  readonly cacheNamespace: string;

  /**
   * @param storeId ID of the store
   * @throws RangeError if an ID is invalid
   */
  constructor(prefix: string, user: string, session: string, storeId: string) {
    checkId('user', user);
    checkId('session', session);
    this.user = user;
    this.session = session;
    this.root = `${userFolder(prefix, user)}${session}/`;
    this.cacheNamespace = `${storeId}/${user}/${session}`;
  }

  /** Folder of the manifests. */
  get manifests(): string {
    return `${this.root}m/`;
  }

  /** Folder of the packs. */
  get packs(): string {
    return `${this.root}p/`;
  }

  /** Folder of the lease objects. */
  get leases(): string {
    return `${this.root}l/`;
  }

  /** Folder of the checkpoints. */
  get checkpoints(): string {
    return `${this.root}c/`;
  }

  /** Key of the manifest of a version. */
  manifest(version: number): string {
    return this.manifests + numbered(version);
  }

  /** Key of a pack. */
  pack(name: string): string {
    return this.packs + name;
  }

  /** Key of the lease object with a number. */
  lease(number: number): string {
    return this.leases + numbered(number);
  }

  /** Key of the checkpoint that the mount with a fencing number writes. */
  checkpoint(fence: number): string {
    return this.checkpoints + numbered(fence);
  }
}

/** Folder of a user's sessions. */
export function userFolder(prefix: string, user: string): string {
  return `${prefix}${user}/`;
}

/** A number as a part of a key. Keys sort like their numbers. */
function numbered(number: number): string {
  return String(number).padStart(VERSION_DIGITS, '0');
}

/** Returns the number at the end of a key in `folder`, or undefined if the key has another form. */
export function numberIn(folder: string, key: string): number | undefined {
  const name = key.startsWith(folder) ? key.slice(folder.length) : '';
  return /^\d{8}$/.test(name) ? Number(name) : undefined;
}
