import { parseArgs } from 'node:util';
import { COMMANDS } from './commands.ts';
import { openProfiles, STORAGE_OPTIONS } from './open-profiles.ts';
import { ProgressBar } from './progress-bar.ts';

const USAGE = `Usage: roundhouse-profile COMMAND [ARGUMENTS] --storage STORAGE [OPTIONS]

  list USER                               lists the sessions of a user
  versions USER SESSION                   lists the versions of a session, newest first
  mount USER SESSION -- PROGRAM [ARG…]    runs a program with the profile's folder, which replaces {} in its arguments
                                          and is in PROFILE_DIR; commits if the program succeeds
  commit USER SESSION FOLDER              saves a folder as the next version of a session
  import USER SESSION SOURCE              creates a session from a profile folder, or from Playwright's storage state
                                          in a .json file
  export USER SESSION FOLDER              writes a version to a new or empty folder
  fork USER SESSION NEW-SESSION           copies a version to a new session
  rollback USER SESSION --version N       makes an earlier version the newest
  delete USER SESSION                     deletes a session with all its versions
  verify USER [SESSION]                   reads and verifies every byte of every version
  sweep USER [SESSION]                    removes old versions, and packs that no version needs

  --storage STORAGE      a folder, s3://BUCKET, gs://BUCKET or redis://HOST; default: PROFILE_STORAGE
  --endpoint URL         server of s3:// or gs://, other than that of AWS or Google
  --region NAME          region of s3://
  --redis-leases URL     Redis that holds the leases, if the programs that use the storage keep them there
  --redis-prefix NAME    first part of all keys in Redis; default: browserstate
  --prefix PREFIX        prefix of all keys; default: browser-state/
  --key ID=FILE          encryption key: a file of 32 bytes; the first one encrypts, others only decrypt
  --work-folder DIR      folder for mounts on a local disk
  --mode MODE            of mount: rw (default), ro, fork or clean
  --version N            of mount (ro, fork), export, fork and rollback
  --wait S               how long to wait for a session that is mounted elsewhere, in seconds; default: 0
  --max-versions N       of sweep: versions to keep; default: 20
  --max-age S            of sweep: age in seconds above which versions are removed
  --json                 prints JSON, one value a line
  --progress             shows a progress bar; default: if the standard error is a terminal
`;

/** Where a command writes. */
export interface CliOutput {
  /** The standard output. */
  readonly stdout: { write(text: string): unknown };
  /** The standard error. */
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/**
 * Runs the command `roundhouse-profile`.
 * @param argv arguments of the command line
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], output: CliOutput): Promise<number> {
  try {
    return await runCommand(argv, output);
  } catch (error) {
    output.stderr.write(`roundhouse-profile: ${(error as Error).message}\n`);
    return 1;
  }
}

async function runCommand(argv: readonly string[], { stdout, stderr }: CliOutput): Promise<number> {
  const separator = argv.indexOf('--');
  const end = separator === -1 ? argv.length : separator;
  const { values, positionals } = parseArgs({
    args: argv.slice(0, end),
    allowPositionals: true,
    options: {
      ...STORAGE_OPTIONS,
      mode: { type: 'string' },
      version: { type: 'string' },
      wait: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
      progress: { type: 'boolean', default: stderr.isTTY === true },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    stdout.write(USAGE);
    return 0;
  }
  const [name = '', ...args] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new Error(`unknown command: ${name || '(none)'}\n\n${USAGE.trimEnd()}`);
  if (args.length < command.min || args.length > command.max)
    throw new Error(`wrong number of arguments for ${name}\n\n${USAGE.trimEnd()}`);
  const program = argv.slice(end + 1);
  await using profiles = await openProfiles(values);
  using bar = new ProgressBar(stderr, values.progress);
  const print = (text: string, value: unknown) =>
    void stdout.write(`${values.json ? JSON.stringify(value) : text}\n`);
  const input = {
    ...{ args, program, print, store: profiles.store, mode: values.mode },
    version: values.version === undefined ? undefined : numberOf('--version', values.version),
    waitMs: numberOf('--wait', values.wait) * 1000,
    onProgress: bar.update,
  };
  const code = await command.run(input);
  return typeof code === 'number' ? code : 0;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text === '' || !(number >= 0)) throw new Error(`${option} must be a number, not ${text}`);
  return number;
}
