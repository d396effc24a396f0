import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RedisLink } from '../../../library/redis/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { SerialTask } from '../../../library/util/serial-task.ts';
import { RoundhouseError } from '../../errors.ts';
import type { AppKey } from '../apps/app-key.ts';
import { type ClusterChannel, keyOf } from './channel.ts';
import type { Members } from './members.ts';
import { readHash } from './read-hash.ts';

/** Commands that are kept for orchestrators that are away. One that has missed more clears all its caches. */
const MAX_COMMANDS = 1000;
const CONFIRM_TIMEOUT_MS = 3000;
/** How long confirmations are kept, in seconds. */
const CONFIRMATIONS_TTL_S = 60;

/** What all orchestrators do with an app: clear its cache, or end its sessions and remove everything about it. */
export interface ClusterCommand extends AppKey {
  readonly kind: 'clear' | 'uninstall';
  /** Pattern of the URLs to clear. */
  readonly match: string;
}

/** What a command has done. */
export interface CommandResult {
  readonly deletedEntries: number;
  readonly stoppedSessions: number;
}

/** What a command has done on the other orchestrators. */
export interface ClusterResult extends CommandResult {
  /** Orchestrators that have not confirmed in time. They follow as soon as they are connected to Redis. */
  readonly pending: number;
}

/** What a {@link CommandLog} works with. */
export interface CommandLogOptions {
  readonly link: RedisLink;
  readonly channel: ClusterChannel;
  readonly members: Members;
  /** File with the id of the last command that was executed: caches survive a restart. */
  readonly file: string;
  readonly execute: (command: ClusterCommand) => Promise<CommandResult>;
  /** Called if commands were missed that are not kept any more. */
  readonly onGap: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Commands for the caches of all orchestrators, in a stream in Redis. Each orchestrator executes each of them once. */
export class CommandLog {
  readonly #options: CommandLogOptions;
  readonly #stream: string;
  readonly #task: SerialTask;
  readonly #waiting = new Map<string, () => void>();
  #applied: string | undefined;

  constructor(options: CommandLogOptions) {
    const { channel, link } = options;
    this.#options = options;
    this.#stream = keyOf(link, 'commands');
    this.#task = new SerialTask(() => this.#catchUp().catch(options.onError), { clock: link.clock });
    channel.on('command', () => this.trigger());
    channel.on('done', (id) => this.#waiting.get(id)?.());
  }

  /** Executes commands that others have appended. */
  trigger(): void {
    if (this.#options.link.state === 'connected') this.#task.trigger();
  }

  /** Ends after the command in progress. */
  async close(): Promise<void> {
    await this.#task.close();
  }

  /**
   * Makes all other orchestrators execute a command, and waits for their confirmations.
   * @throws RoundhouseError `cluster_unavailable` if Redis cannot be used
   */
  async run(command: ClusterCommand): Promise<ClusterResult> {
    const { link, channel, members } = this.#options;
    const json = JSON.stringify({ ...command, from: members.id });
    const limit = ['MAXLEN', '=', String(MAX_COMMANDS)];
    let id: string;
    try {
      id = String(await link.send(['XADD', this.#stream, ...limit, '*', 'command', json]));
    } catch (cause) {
      throw new RoundhouseError(
        'cluster_unavailable',
        'It was done on this orchestrator only, because Redis cannot be reached. Repeat it when Redis is back',
        { cause },
      );
    }
    void channel.publish('command');
    return await this.#confirmed(id);
  }

  async #confirmed(id: string): Promise<ClusterResult> {
    const { link, members } = this.#options;
    const results = new Map<string, CommandResult>();
    const missing = () => members.others.filter((member) => !results.has(member.id)).length;
    const read = async () => {
      for (const [member, result] of await readHash(link, this.#doneKey(id)))
        results.set(member, parseResult(result));
    };
    const wait = async (signal: AbortSignal) => {
      while (missing() > 0 && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#waiting.set(id, resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
        await read();
        if (missing() > 0) await promise;
      }
    };
    const deadline = { clock: link.clock, timeoutMs: CONFIRM_TIMEOUT_MS, subject: 'The orchestrators' };
    await withinDeadline(deadline, wait).catch(() => {});
    this.#waiting.delete(id);
    const all = [...results.values()];
    return {
      deletedEntries: all.reduce((sum, each) => sum + each.deletedEntries, 0),
      stoppedSessions: all.reduce((sum, each) => sum + each.stoppedSessions, 0),
      pending: missing(),
    };
  }

  async #catchUp(): Promise<void> {
    const { link, file, onGap } = this.#options;
    this.#applied ??= await readFile(file, 'utf8').catch(() => undefined);
    if (this.#applied === undefined) {
      const [latest] = await this.#read('XREVRANGE', '+', '-', 'COUNT', '1');
      await this.#setApplied(latest?.id ?? '0-0');
      return;
    }
    const [first] = await this.#read('XRANGE', '-', '+', 'COUNT', '1');
    const isFull = Number(await link.send(['XLEN', this.#stream])) >= MAX_COMMANDS;
    if (isFull && first && isAfter(first.id, this.#applied)) await onGap();
    const commands = await this.#read('XRANGE', `(${this.#applied}`, '+');
    for (const { id, command } of commands) {
      if (command) await this.#execute(id, command);
      await this.#setApplied(id);
    }
  }

  async #execute(id: string, command: ClusterCommand & { from: string }): Promise<void> {
    const { execute, link, channel, members, onError } = this.#options;
    if (command.from === members.id) return;
    try {
      const result = await execute(command);
      const key = this.#doneKey(id);
      await link.send(['HSET', key, members.id, JSON.stringify(result)]);
      await link.send(['EXPIRE', key, String(CONFIRMATIONS_TTL_S)]);
      void channel.publish('done', id);
    } catch (error) {
      onError(error);
    }
  }

  async #read(
    ...command: [string, ...string[]]
  ): Promise<{ id: string; command: StoredCommand | undefined }[]> {
    const [name, ...range] = command;
    const reply = await this.#options.link.send([name, this.#stream, ...range]);
    const entries = Array.isArray(reply) ? reply : [];
    return entries.map((entry) => {
      const [id, fields] = entry as [unknown, unknown[]];
      return { id: String(id), command: parseCommand(String(fields[1])) };
    });
  }

  async #setApplied(id: string): Promise<void> {
    this.#applied = id;
    await mkdir(dirname(this.#options.file), { recursive: true, mode: 0o700 });
    await writeFile(this.#options.file, id);
  }

  #doneKey(id: string): string {
    return keyOf(this.#options.link, `done:${id}`);
  }
}

type StoredCommand = ClusterCommand & { readonly from: string };

/** @returns undefined for anything but a command */
function parseCommand(text: string): StoredCommand | undefined {
  try {
    const value = JSON.parse(text) as StoredCommand;
    const { workspace, appId, match, from, kind } = value;
    const isComplete = [workspace, appId, match, from].every((each) => typeof each === 'string');
    return isComplete && (kind === 'clear' || kind === 'uninstall') ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseResult(text: string): CommandResult {
  try {
    const { deletedEntries, stoppedSessions } = JSON.parse(text) as CommandResult;
    return { deletedEntries: Number(deletedEntries) || 0, stoppedSessions: Number(stoppedSessions) || 0 };
  } catch {
    return { deletedEntries: 0, stoppedSessions: 0 };
  }
}

/** Compares two ids of entries, such as `1700000000000-0`. */
function isAfter(a: string, b: string): boolean {
  const [[timeA = 0, countA = 0], [timeB = 0, countB = 0]] = [a, b].map((id) =>
    id.split('-').map(Number),
  ) as [number[], number[]];
  return timeA > timeB || (timeA === timeB && countA > countB);
}
