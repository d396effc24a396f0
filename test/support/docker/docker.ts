import { describe, inject, it } from 'vitest';
import type { SharedDocker } from './docker-setup.ts';

/**
 * A suite that needs Docker. It is given the daemon that all suites share. Where there is none it is one
 * skipped test that bears the reason; under continuous integration the run has failed before.
 */
export function describeWithDocker(name: string, suite: (docker: SharedDocker) => void): void {
  const docker = inject('docker');
  describe(name, () => {
    if ('missing' in docker) it('needs Docker', (context) => context.skip(docker.missing));
    else suite(docker);
  });
}
