import { type FileHandle, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../util/clock.ts';
import type { DiskGuard } from './disk-guard.ts';
import { codeOf, ifExists } from './errors.ts';
import { createFrom, parseJson, readSmallFile, uniqueName } from './files.ts';
import { keyHash, type Layout } from './layout.ts';

/** How often a holder shows that it is alive. */
const HEARTBEAT_MS = 500;
/** A lease without a heartbeat for this long is taken over. */
const STALE_AFTER_MS = 5000;
/** How often a waiting process looks at a lease. */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 100;

/**
 * The right to load one key for all processes that share a store. It saves calls of the origin and protects nothing:
 * two loads at the same time do no harm, because entries are replaced in one step.
 */
export interface DiskLease extends AsyncDisposable {
  /** Gives the lease back. Never rejects. */
  release(): Promise<void>;
}

/** Content of a lease file. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  /** Where `pid` is valid. */
  readonly scope: string;
}

/**
 * Leases as files, created only if absent. No file can block anything after its process: a holder whose process has
 * ended is replaced at once, and one without a heartbeat (suspended, on another machine, a terminated worker thread)
 * after 5 s. Waiting processes measure that by their own clocks.
 */
export class Leases {
  readonly #layout: Layout;
  readonly #guard: DiskGuard;
  readonly #clock: Clock;
  readonly #held = new Set<DiskLease>();
  /** Holders of this process that have released a lease whose file could not be removed. */
  readonly #released = new Set<string>();

  constructor(layout: Layout, guard: DiskGuard, clock: Clock) {
    this.#layout = layout;
    this.#guard = guard;
    this.#clock = clock;
  }

  /** Acquires a lease. @returns undefined if another process, thread or caller holds it */
  async tryAcquire(namespace: string, key: string): Promise<DiskLease | undefined> {
    const path = this.#path(namespace, key);
    const holder: Holder = { id: uniqueName(), pid: process.pid, scope: await pidScope() };
    const temporary = join(this.#layout.tmp, holder.id);
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(JSON.stringify(holder));
      for (;;) {
        if (await createFrom(temporary, path)) return this.#hold(path, handle, holder);
        const other = await readHolder(path);
        if (other && !(await this.#hasEnded(other))) break;
        await this.#takeOver(path, other);
      }
    } catch (error) {
      await handle.close();
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
    await handle.close();
    return undefined;
  }

  /**
   * Resolves when the present lease of a key has ended: released, or its holder has.
   * @param timeoutMs returns no later than this
   * @returns false after the timeout
   */
  async ended(namespace: string, key: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const path = this.#path(namespace, key);
    const first = await this.#run(() => readHolder(path));
    if (!first) return true;
    const startedAt = this.#clock.now();
    let heartbeat = { mtimeMs: 0, seenAt: startedAt };
    // The timers of a clock do not keep the process alive, but a caller is waiting.
    const keepAlive = setInterval(() => {}, MAX_POLL_MS);
    using _timer = { [Symbol.dispose]: () => clearInterval(keepAlive) };
    for (let pollMs = MIN_POLL_MS; ; pollMs = Math.min(MAX_POLL_MS, pollMs * 2)) {
      signal?.throwIfAborted();
      const askedAt = this.#clock.now();
      const stats = await this.#run(() => ifExists(stat(path)));
      const holder = stats && (await this.#run(() => readHolder(path)));
      if (!stats || holder?.id !== first.id) return true;
      const now = this.#clock.now();
      if (stats.mtimeMs !== heartbeat.mtimeMs) heartbeat = { mtimeMs: stats.mtimeMs, seenAt: now };
      // By when the file was read: a busy process gets the reply seconds later, when the holder has long since renewed it.
      if (askedAt - heartbeat.seenAt >= STALE_AFTER_MS || (await this.#hasEnded(holder))) {
        await this.#run(() => this.#takeOver(path, holder));
        return true;
      }
      if (now - startedAt >= timeoutMs) return false;
      await this.#pause(Math.min(pollMs, timeoutMs - (now - startedAt)), signal);
    }
  }

  /** Releases all leases of this process. */
  async close(): Promise<void> {
    await Promise.all([...this.#held].map((lease) => lease.release()));
  }

  #hold(path: string, handle: FileHandle, holder: Holder): DiskLease {
    let cancel: () => void;
    const beat = () => {
      cancel = this.#clock.after(HEARTBEAT_MS, () => {
        // On the open file: if the lease was taken over, the path is that of another holder.
        handle.utimes(new Date(), new Date()).then(beat, () => {});
      });
    };
    beat();
    const release = async () => {
      if (!this.#held.delete(lease)) return;
      cancel();
      await this.#run(() => handle.close()).catch(() => {});
      await this.#run(() => this.#takeOver(path, holder)).catch(() => this.#released.add(holder.id));
    };
    const lease: DiskLease = { release, [Symbol.asyncDispose]: release };
    this.#held.add(lease);
    return lease;
  }

  /**
   * Removes the lease of one holder and no other. Of several processes that try, one finds the file; if it turns out
   * to be that of a later holder, it is put back.
   */
  async #takeOver(path: string, holder: Holder | undefined): Promise<void> {
    const removed = join(this.#layout.tmp, uniqueName());
    if ((await ifExists(rename(path, removed).then(() => true))) === undefined) return;
    const found = await readHolder(removed);
    if (found && found.id !== holder?.id) await createFrom(removed, path);
    await rm(removed, { force: true });
  }

  async #hasEnded(holder: Holder): Promise<boolean> {
    return this.#released.has(holder.id) || hasEnded(holder);
  }

  #run<T>(operation: () => Promise<T>): Promise<T> {
    return this.#guard.run('use a lease', operation);
  }

  #pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#clock.after(delayMs, end);
      signal?.addEventListener('abort', end);
    });
  }

  #path(namespace: string, key: string): string {
    return join(this.#layout.leases, keyHash(JSON.stringify([namespace, key])));
  }
}

/** @returns undefined if there is no such file, or a power failure has left it empty */
async function readHolder(path: string): Promise<Holder | undefined> {
  const holder = parseJson(((await readSmallFile(path)) ?? '').toString());
  const { id, pid, scope } = (holder ?? {}) as Partial<Record<keyof Holder, unknown>>;
  const isHolder = typeof id === 'string' && Number.isInteger(pid) && typeof scope === 'string';
  return isHolder ? (holder as Holder) : undefined;
}

/** Whether the process of a holder has ended. False if that cannot be determined here. */
async function hasEnded({ pid, scope }: Holder): Promise<boolean> {
  if (scope !== (await pidScope())) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

let scope: Promise<string> | undefined;

/** Identifies where process ids are valid: containers on one machine can have the same ids and even host names. */
function pidScope(): Promise<string> {
  scope ??= readlink('/proc/self/ns/pid').then(
    (link) => `${hostname()} ${link}`,
    () => hostname(),
  );
  return scope;
}
