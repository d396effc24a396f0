import { renameSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../../config/data-folder.ts';
import { identify, isRunning, type ProcessIdentity } from './proc-files.ts';
import { endGroup } from './process-group.ts';

/** Ending of the names of files that are being written. */
const UNFINISHED = '.tmp';

/** Content of the file of a running engine. */
interface EngineRecord {
  /** Start times count from the machine's boot, so they identify a process only within one boot. */
  bootId: string;
  service: ProcessIdentity;
  engine: ProcessIdentity;
  name: string;
}

/**
 * One small file per running engine. A service that is killed leaves its engines running and their ports in
 * use; the next service finds them here and ends them. It leaves alone the engines of a service that is still
 * running, which may use the same data directory.
 */
export class EngineRecords {
  readonly #folder: string;
  readonly #bootId: string;
  readonly #service: ProcessIdentity | null;

  private constructor(folder: string, bootId: string, service: ProcessIdentity | null) {
    this.#folder = folder;
    this.#bootId = bootId;
    this.#service = service;
  }

  /**
   * Creates the directory of the files if it does not exist.
   * @throws the system's error if that fails
   */
  static async open(dataDir: string): Promise<EngineRecords> {
    const folder = join(dataDir, 'process-engines');
    ensureFolder(folder);
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    return new EngineRecords(folder, bootId.trim(), identify(process.pid));
  }

  /**
   * Writes the file of an engine, unless its process has ended already. Synchronously: if the service is killed before
   * the file is written, nobody finds the engine.
   */
  add(id: string, name: string, pid: number): void {
    const engine = identify(pid);
    if (engine === null || this.#service === null) return;
    const record: EngineRecord = { bootId: this.#bootId, service: this.#service, engine, name };
    const path = this.#path(id);
    // Somebody may have emptied the data folder.
    ensureFolder(this.#folder);
    writeFileSync(`${path}${UNFINISHED}`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}${UNFINISHED}`, path);
  }

  /** Removes the file of an engine. Resolves also if there is none. */
  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /**
   * Ends the engines whose service is not running any more, and removes files that it was still writing.
   * @param graceMs time between SIGTERM and SIGKILL
   * @returns their names
   */
  async endOrphans(graceMs: number): Promise<string[]> {
    const all = await readdir(this.#folder);
    const unfinished = all.filter((name) => name.endsWith(UNFINISHED));
    await Promise.all(unfinished.map((name) => rm(join(this.#folder, name), { force: true })));
    const files = all.filter((name) => name.endsWith('.json'));
    const names = await Promise.all(files.map((file) => this.#endOrphan(join(this.#folder, file), graceMs)));
    return names.filter((name) => name !== null);
  }

  async #endOrphan(path: string, graceMs: number): Promise<string | null> {
    const record = parseRecord(await readFile(path, 'utf8').catch(() => ''));
    const sameBoot = record?.bootId === this.#bootId;
    if (sameBoot && isRunning(record.service)) return null;
    const isOrphan = sameBoot && isRunning(record.engine);
    if (isOrphan) await endGroup(record.engine.pid, graceMs);
    await rm(path, { force: true });
    return isOrphan ? record.name : null;
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

/** Returns null for invalid content, so that no process is ended because of a damaged file. */
function parseRecord(text: string): EngineRecord | null {
  try {
    const { bootId, service, engine, name } = JSON.parse(text) as Partial<EngineRecord>;
    if (typeof bootId !== 'string' || typeof name !== 'string') return null;
    // Signalling process group 0 or 1 would reach the service's own group, or every process.
    if (!isIdentity(service) || !isIdentity(engine) || engine.pid <= 1) return null;
    return { bootId, service, engine, name };
  } catch {
    return null;
  }
}

function isIdentity(value: Partial<ProcessIdentity> | undefined): value is ProcessIdentity {
  return Number.isSafeInteger(value?.pid) && Number.isSafeInteger(value?.startTicks);
}
