import { cpus, release, totalmem } from 'node:os';
import { run } from '../../test/support/run.ts';

/** The machine and software that were measured. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  date: string;
  /** `unknown` outside a Git repository. */
  commit: string;
  /** Whether tracked files differ from the commit. */
  modified: boolean;
}

/** Describes this machine. */
export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  const git = (...args: string[]) => run('git', args, { cwd: import.meta.dirname }).catch(() => 'unknown');
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    date: new Date().toISOString(),
    commit: await git('rev-parse', 'HEAD'),
    modified: (await git('status', '--porcelain', '--untracked-files=no')) !== '',
  };
}
