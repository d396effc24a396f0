import type { TestProject } from 'vitest/node';
import { dockerPrograms } from './docker-programs.ts';
import { startDockerd } from './dockerd.ts';
import { busyboxImage, engineImage } from './engine-image.ts';

/** What the tests of the `docker` project are given: the daemon that all share, or why there is none. */
export type ProvidedDocker = SharedDocker | { missing: string };

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

/** Runs once, before the first test of the project; vitest calls what it returns after the last. */
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
