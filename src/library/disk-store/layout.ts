import { createHash } from 'node:crypto';
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, DiskStoreError, ifExists } from './errors.ts';
import { createFolder, readSmallFile, uniqueName } from './files.ts';

const FORMAT = 'roundhouse disk store 1\n';
const SHARDS = '0123456789abcdef';
const MAX_NAME_BYTES = 240;
/** Returns the name of a key's record. Case and length of keys do not matter to the file system. */
export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/**
 * The files of a store:
 *
 *     format, usage          what the folder is, and how much of the disk it uses
 *     tmp/, trash/           writes in progress; what is being removed
 *     leases/                who loads what
 *     ns/<namespace>/current   a symbolic link to the generation in use
 *     ns/<namespace>/g-<id>/<x>/<SHA-256 of the key>                            records
 *     ns/<namespace>/g-<id>/<x>/<SHA-256 of the key>.<SHA-256 of the content>   bodies
 *
 * To clear a namespace, `current` is replaced. A write that started before ends up in the former generation, which
 * nobody reads.
 */
export class Layout {
  readonly root: string;
  readonly tmp: string;
  readonly trash: string;
  readonly leases: string;
  readonly usage: string;
  readonly namespaces: string;

  constructor(root: string) {
    this.root = root;
    this.tmp = join(root, 'tmp');
    this.trash = join(root, 'trash');
    this.leases = join(root, 'leases');
    this.usage = join(root, 'usage');
    this.namespaces = join(root, 'ns');
  }

  /**
   * Creates the folders.
   * @throws DiskStoreError `ERR_STORE_FORMAT` if the folder contains something else
   */
  async create(): Promise<void> {
    await mkdir(this.root, { recursive: true });
    const path = join(this.root, 'format');
    const format = (await readSmallFile(path))?.toString();
    if (format === undefined) await this.#createFormat(path);
    else if (format !== FORMAT) {
      const hint = 'choose another folder, or remove this one';
      throw new DiskStoreError('ERR_STORE_FORMAT', `${this.root} is a store of another version: ${hint}`);
    }
    await Promise.all([this.tmp, this.trash, this.leases, this.namespaces].map(createFolder));
  }

  /** Creates the file with its content in one step, because another process may read it at once. */
  async #createFormat(path: string): Promise<void> {
    const others = (await readdir(this.root)).filter(
      (name) => !/^(format|usage|tmp|trash|leases|ns)\b/.test(name),
    );
    if (others.length > 0) {
      const message = `${this.root} contains other files, such as ${others[0]}: choose a folder of its own`;
      throw new DiskStoreError('ERR_STORE_FORMAT', message);
    }
    const temporary = `${path}.${uniqueName()}`;
    await writeFile(temporary, FORMAT);
    await rename(temporary, path);
  }

  /**
   * Returns the folder of a namespace.
   * @throws RangeError if the name is empty or too long
   */
  namespace(namespace: string): string {
    return join(this.namespaces, escapeName(namespace));
  }

  /** Returns the link to the generation in use. */
  current(namespace: string): string {
    return join(this.namespace(namespace), 'current');
  }

  /**
   * Returns the folder of the generation in use; undefined if the namespace does not exist.
   * @throws DiskStoreError `ERR_STORE_FORMAT` if the link leads elsewhere: what it leads to would be removed
   */
  async generation(namespace: string): Promise<string | undefined> {
    const link = this.current(namespace);
    const name = await ifExists(readlink(link));
    if (name === undefined) return undefined;
    if (/^g-\w+$/.test(name)) return join(this.namespace(namespace), name);
    throw new DiskStoreError('ERR_STORE_FORMAT', `${link} leads to ${name}: remove it`);
  }

  /** Returns the folder of the generation in use. Creates the namespace if it does not exist. */
  async openGeneration(namespace: string): Promise<string> {
    const existing = await this.generation(namespace);
    if (existing !== undefined) return existing;
    // Someone may have removed the whole folder.
    await this.create();
    const folder = this.namespace(namespace);
    await mkdir(folder, { recursive: true });
    const name = await createGeneration(folder);
    try {
      await symlink(name, this.current(namespace));
      return join(folder, name);
    } catch (error) {
      await rm(join(folder, name), { recursive: true, force: true });
      const winner = codeOf(error) === 'EEXIST' ? await this.generation(namespace) : undefined;
      if (winner !== undefined) return winner;
      throw error;
    }
  }

  /** Replaces the generation in use by an empty one and moves it to `trash/`. Takes constant time. */
  async replaceGeneration(namespace: string): Promise<void> {
    const folder = this.namespace(namespace);
    const former = await this.generation(namespace);
    if (former === undefined) return;
    const name = await createGeneration(folder);
    const temporary = join(folder, `l-${uniqueName()}`);
    await symlink(name, temporary);
    await rename(temporary, this.current(namespace));
    await this.discard(former);
  }

  /** Moves a folder or file to `trash/`. Does nothing if another process has done so. */
  async discard(path: string): Promise<void> {
    await ifExists(rename(path, join(this.trash, uniqueName())));
  }

  /** Returns the names of all namespaces. */
  async listNamespaces(): Promise<string[]> {
    return (await readdir(this.namespaces)).map(unescapeName).sort();
  }
}

/** Returns the path of a record in a generation, or under the link to it. */
export function recordPath(generation: string, hash: string): string {
  return join(generation, hash.slice(0, 1), hash);
}

/** Returns the folders of a generation's records and bodies, in the order of their names. */
export function recordFolders(generation: string): string[] {
  return [...SHARDS].map((shard) => join(generation, shard));
}

/**
 * Returns the path of the body of a record. A body belongs to one key, so that it can be removed with its record.
 * Sharing equal bodies among keys would need a count of references that survives every crash.
 */
export function bodyPath(record: string, sha256: string): string {
  return `${record}.${sha256}`;
}

/** Creates an empty generation with all its folders: a missing folder then always means that it was cleared. */
async function createGeneration(folder: string): Promise<string> {
  const name = `g-${uniqueName()}`;
  const path = join(folder, name);
  await mkdir(path);
  await Promise.all(recordFolders(path).map((one) => mkdir(one)));
  return name;
}

/** Escapes what a file system may not distinguish (case) or accept (`/`). */
function escapeName(namespace: string): string {
  const name = [...Buffer.from(namespace)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[a-z0-9.-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('')
    .replace(/^\./, '_2e');
  if (name.length === 0 || name.length > MAX_NAME_BYTES) {
    throw new RangeError(
      `the namespace must have 1 to ${MAX_NAME_BYTES} bytes, escaped: ${namespace.slice(0, 50)}`,
    );
  }
  return name;
}

function unescapeName(name: string): string {
  const bytes = name.replaceAll(/_([0-9a-f]{2})/g, (_, code) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
