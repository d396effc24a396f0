/**
 * A process that works a little at every turn, as the service does, and never long. It tells how late its
 * event loop was, as /metrics tells of the service's: what it is late by is the machine's doing.
 */
import { createSystemClock } from '../../../../src/library/cache/index.ts';
import { EventLoopDelay } from '../../../../src/service/metrics/event-loop.ts';

const INTERVAL_MS = 10;
const WORK_MS = 2;

const delay = new EventLoopDelay(createSystemClock());
process.on('message', () => process.send!(delay.read()));
process.once('disconnect', () => process.exit());
setInterval(() => {
  const { user, system } = process.cpuUsage();
  for (let used = 0; used < WORK_MS * 1000; ) {
    const now = process.cpuUsage({ user, system });
    used = now.user + now.system;
  }
}, INTERVAL_MS);
