import { cp, readFile } from 'node:fs/promises';
import { checkProfileClosed } from '../browser/profile-lock.ts';
import type { MountMode, ProgressEvent } from '../options.ts';
import type { ProfileStore } from '../profile-store.ts';
import { runProgram } from './run-program.ts';

/** What a command runs with. */
export interface CommandInput {
  readonly store: ProfileStore;
  /** Arguments after the command: user, session, and others. */
  readonly args: readonly string[];
  /** Program to run, with its arguments. */
  readonly program: readonly string[];
  readonly mode: string | undefined;
  readonly version: number | undefined;
  readonly waitMs: number;
  readonly onProgress: (event: ProgressEvent) => void;
  /** Prints a line of text, or the value as JSON. */
  readonly print: (text: string, value: unknown) => void;
}

/** A command, with the numbers of its arguments. */
export interface Command {
  readonly min: number;
  readonly max: number;
  /** @returns the exit code, or nothing for 0 */
  readonly run: (input: CommandInput) => Promise<unknown>;
}

const MODES: readonly string[] = ['rw', 'ro', 'fork', 'clean'] satisfies MountMode[];

/** All commands by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  list: { min: 1, max: 1, run: list },
  versions: { min: 2, max: 2, run: listVersions },
  mount: { min: 2, max: 2, run: mount },
  commit: { min: 3, max: 3, run: commit },
  import: { min: 3, max: 3, run: importProfile },
  export: { min: 3, max: 3, run: exportProfile },
  fork: { min: 3, max: 3, run: fork },
  rollback: { min: 2, max: 2, run: rollback },
  delete: { min: 2, max: 2, run: remove },
  verify: { min: 1, max: 2, run: verify },
  sweep: { min: 1, max: 2, run: sweep },
};

async function list({ store, args: [user = ''], print }: CommandInput) {
  for (const session of await store.sessions(user)) print(session, { session });
}

async function listVersions({ store, args: [user = '', session = ''], print }: CommandInput) {
  for (const info of await store.versions(user, session)) {
    const { version, createdAt, reason, contentVersion } = info;
    const content = contentVersion === version ? '' : ` (content of version ${contentVersion})`;
    print(`${String(version).padStart(8)}  ${createdAt}  ${reason}${content}`, info);
  }
}

async function mount(input: CommandInput): Promise<number> {
  const { store, args, program, version, waitMs, onProgress, print } = input;
  const [user = '', session = ''] = args;
  const mode = (input.mode ?? 'rw') as MountMode;
  if (!MODES.includes(mode)) throw new Error(`--mode must be rw, ro, fork or clean, not ${mode}`);
  if (program.length === 0) throw new Error('mount requires a program: mount USER SESSION -- PROGRAM [ARG…]');
  await using mounted = await store.mount(user, session, {
    ...{ mode, waitMs, onProgress },
    ...(version !== undefined && { version }),
  });
  const { code, stopped } = await runProgram(program, mounted.dir);
  if (!mounted.lease || (code !== 0 && !stopped)) return code;
  const before = mounted.version;
  const after = await mounted.commit();
  print(after === before ? `version ${after}, unchanged` : `version ${after}`, { version: after });
  return 0;
}

async function commit({ store, args, waitMs, onProgress, print }: CommandInput) {
  const [user = '', session = '', folder = ''] = args;
  await checkProfileClosed(folder);
  await using mounted = await store.mount(user, session, { mode: 'clean', waitMs, onProgress });
  await cp(folder, mounted.dir, { recursive: true });
  const version = await mounted.commit();
  print(`version ${version}`, { version });
}

async function importProfile({ store, args: [user = '', session = '', source = ''], print }: CommandInput) {
  const version = await store.importFrom(
    user,
    session,
    source.endsWith('.json')
      ? { storageState: JSON.parse(await readFile(source, 'utf8')) }
      : { folder: source },
  );
  print(`version ${version}`, { version });
}

async function exportProfile({ store, args, version, onProgress }: CommandInput) {
  const [user = '', session = '', folder = ''] = args;
  await store.exportTo(user, session, folder, { onProgress, ...(version !== undefined && { version }) });
}

async function fork({ store, args, version, print }: CommandInput) {
  const [user = '', session = '', newSession = ''] = args;
  const created = await store.fork(user, session, newSession, version === undefined ? {} : { version });
  print(`version ${created} of ${newSession}`, { session: newSession, version: created });
}

async function rollback({ store, args: [user = '', session = ''], version, print }: CommandInput) {
  if (version === undefined) throw new Error('rollback requires --version');
  const created = await store.rollback(user, session, version);
  print(`version ${created}`, { version: created });
}

async function remove({ store, args: [user = '', session = ''] }: CommandInput) {
  if (!(await store.delete(user, session))) throw new Error(`session ${user}/${session} does not exist`);
}

async function verify(input: CommandInput): Promise<number> {
  let problems = 0;
  for (const session of await sessionsOf(input)) {
    const result = await input.store.verify(input.args[0]!, session);
    const { versions, packs, bytes } = result;
    problems += result.problems.length;
    const lines = [
      `${session}: ${versions} versions, ${packs} packs, ${bytes} bytes, ${result.problems.length} problems`,
      ...result.problems.map((problem) => `  ${problem}`),
    ];
    input.print(lines.join('\n'), { session, ...result });
  }
  return problems === 0 ? 0 : 1;
}

async function sweep(input: CommandInput) {
  for (const session of await sessionsOf(input)) {
    const result = await input.store.sweep(input.args[0]!, session);
    const { trimmedVersions, deletedPacks, deletedBytes } = result;
    const text = `${session}: removed ${trimmedVersions} versions, ${deletedPacks} packs, ${deletedBytes} bytes`;
    input.print(text, { session, ...result });
  }
}

/** Returns the session that was named, or all sessions of the user. */
async function sessionsOf({ store, args: [user = '', session] }: CommandInput): Promise<string[]> {
  return session === undefined ? await store.sessions(user) : [session];
}
