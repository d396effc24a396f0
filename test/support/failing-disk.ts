import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';

/** Functions of `node:fs/promises`, and methods of its file handles, that can fail. */
const FUNCTIONS = [
  'link',
  'lstat',
  'mkdir',
  'open',
  'readFile',
  'readdir',
  'readlink',
  'rename',
  'rm',
  'stat',
  'symlink',
  'unlink',
  'writeFile',
] as const;
const METHODS = ['close', 'read', 'stat', 'truncate', 'utimes', 'write', 'writeFile'] as const;

type Operation = (...args: unknown[]) => Promise<unknown>;

/**
 * What happens to an operation of the disk: it works; it fails without an effect; it has its effect, but an error is
 * reported; or it never ends.
 */
export type Outcome = 'works' | 'fails' | 'fails late' | 'hangs';

/** Which operations of the disk fail, and how. */
export interface DiskFault {
  /** Code of the errors. */
  code: 'EIO' | 'EACCES';
  /**
   * Called for each operation, which waits for the result.
   * @param place the operation and where in `src/` it is called, such as `rename at src/library/a.ts:12:3`
   * @param count calls from the same place before this one
   */
  decide: (place: string, count: number) => Outcome | Promise<Outcome>;
}

/** A disk with a fault. */
export interface FailingDisk extends Disposable {
  /** Places in `src/` that have used the disk. */
  readonly places: ReadonlySet<string>;
}

/**
 * Makes operations of `node:fs/promises` fail in this process until the result is disposed of, as those of a faulty
 * disk do. The real errors need a device of one's own (EIO) or are not raised for root (EACCES).
 */
export async function failDisk({ code, decide }: DiskFault): Promise<FailingDisk> {
  const handle = await fs.open(devNull);
  const methods = Object.getPrototypeOf(handle);
  await handle.close();
  const calls = new Map<string, number>();
  const undo: (() => void)[] = [];
  const wrap = (target: Record<string, Operation>, name: string, label: string) => {
    const original = target[name]!;
    const replacement = async function (this: unknown, ...args: unknown[]) {
      const place = `${label} at ${caller()}`;
      const count = calls.get(place) ?? 0;
      calls.set(place, count + 1);
      const outcome = await decide(place, count);
      if (outcome === 'works') return original.apply(this, args);
      // A file is closed in any case, and one that could not be opened is not open.
      if (name === 'close' || (outcome === 'fails late' && name !== 'open')) await original.apply(this, args);
      if (outcome === 'hangs') return new Promise(() => {});
      throw Object.assign(new Error(`${code}: ${place}`), { code });
    };
    target[name] = replacement;
    undo.push(() => {
      target[name] = original;
    });
  };
  for (const name of FUNCTIONS) wrap(fs as unknown as Record<string, Operation>, name, name);
  for (const name of METHODS) wrap(methods, name, `handle.${name}`);
  syncBuiltinESMExports();
  const restore = () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
  return {
    get places() {
      return new Set(calls.keys());
    },
    [Symbol.dispose]: restore,
  };
}

function caller(): string {
  const { stack = '' } = new Error('for its stack');
  return /src\/\S+:\d+:\d+/.exec(stack)?.[0] ?? 'an unknown place';
}
