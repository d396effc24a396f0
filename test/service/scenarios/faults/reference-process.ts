/**
 * A process that, like the service, works for a short time in each turn of the event loop. It reports its event-loop delay
 * as /metrics reports that of the service. A high delay here is caused by the machine.
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
