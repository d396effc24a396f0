import { describe, inject, it } from 'vitest';
import type { SharedDocker } from './docker-setup.ts';

/**
 * Describes a suite that needs Docker and passes it the daemon that all suites share. Without a daemon, the suite is one
 * skipped test with the reason. Under continuous integration the setup has already failed in this case.
 */
export function describeWithDocker(name: string, suite: (docker: SharedDocker) => void): void {
  const docker = inject('docker');
  describe(name, () => {
    if ('missing' in docker) it('needs Docker', (context) => context.skip(docker.missing));
    else suite(docker);
  });
}
