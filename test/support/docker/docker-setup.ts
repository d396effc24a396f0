import type { TestProject } from 'vitest/node';
import { dockerPrograms } from './docker-programs.ts';
import { startDockerd } from './dockerd.ts';
import { busyboxImage, engineImage } from './engine-image.ts';

/** What the setup provides to tests: the daemon that they share, or the reason why there is none. */
export type ProvidedDocker = SharedDocker | { missing: string };

/** The Docker daemon that all tests of a run share. */
export interface SharedDocker {
  /** Path of the daemon's socket. */
  socket: string;
  /** Image of the emulated engine. */
  engineImage: string;
  /** Image of 2 MB whose containers sleep. */
  busyboxImage: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    docker: ProvidedDocker;
  }
}

/** Runs once before the tests of a project. vitest calls the returned function after them. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const programs = await dockerPrograms();
  if ('missing' in programs) {
    process.stderr.write(`Docker tests are skipped: ${programs.missing}\n`);
    project.provide('docker', programs);
    return undefined;
  }
  const daemon = await startDockerd();
  try {
    project.provide('docker', {
      socket: daemon.socket,
      engineImage: await engineImage(daemon.socket),
      busyboxImage: await busyboxImage(daemon.socket),
    });
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return () => daemon.stop();
}
