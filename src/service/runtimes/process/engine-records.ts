import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isRunning, type ProcessIdentity } from './proc-files.ts';
import { endGroup } from './process-group.ts';

/** A running engine, as written down for the case that the service is killed. */
interface EngineRecord {
  /** Start times count from the machine's start, so they name a process in one run of it only. */
  bootId: string;
  service: ProcessIdentity;
  engine: ProcessIdentity;
  name: string;
}

/**
 * One small file for each running engine. A service that is killed leaves its engines behind, holding their
 * ports; the next one finds them here and ends them. Engines of a service that still runs, perhaps with the
 * same data folder, are none of its business.
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

  static async open(dataDir: string): Promise<EngineRecords> {
    const folder = join(dataDir, 'process-engines');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    return new EngineRecords(folder, bootId.trim(), await identify(process.pid));
  }

  /** Writes an engine down, unless it has ended already. */
  async add(id: string, name: string, pid: number): Promise<void> {
    const engine = await identify(pid);
    if (engine === null || this.#service === null) return;
    const record: EngineRecord = { bootId: this.#bootId, service: this.#service, engine, name };
    const path = this.#path(id);
    await writeFile(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /**
   * Ends the engines that services have left behind.
   * @returns their names.
   */
  async endOrphans(graceMs: number): Promise<string[]> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    const names = await Promise.all(files.map((file) => this.#endOrphan(join(this.#folder, file), graceMs)));
    return names.filter((name) => name !== null);
  }

  async #endOrphan(path: string, graceMs: number): Promise<string | null> {
    const record = parseRecord(await readFile(path, 'utf8').catch(() => ''));
    const sameBoot = record?.bootId === this.#bootId;
    if (sameBoot && (await isRunning(record.service))) return null;
    const isOrphan = sameBoot && (await isRunning(record.engine));
    if (isOrphan) await endGroup(record.engine.pid, graceMs);
    await rm(path, { force: true });
    return isOrphan ? record.name : null;
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

/** Null for a text that is no record: a process is only ever ended on the word of a sound one. */
function parseRecord(text: string): EngineRecord | null {
  try {
    const { bootId, service, engine, name } = JSON.parse(text) as Partial<EngineRecord>;
    if (typeof bootId !== 'string' || typeof name !== 'string') return null;
    // To signal the process group 0 or 1 would be to signal our own, or everything.
    if (!isIdentity(service) || !isIdentity(engine) || engine.pid <= 1) return null;
    return { bootId, service, engine, name };
  } catch {
    return null;
  }
}

function isIdentity(value: Partial<ProcessIdentity> | undefined): value is ProcessIdentity {
  return Number.isSafeInteger(value?.pid) && Number.isSafeInteger(value?.startTicks);
}
