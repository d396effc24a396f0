/**
 * A process that does nothing but wait, and tells how late its event loop was, as /metrics tells of the
 * service's: what it is late by is the machine's doing.
 */
import { createSystemClock } from '../../../src/cache/index.ts';
import { EventLoopDelay } from '../../../src/metrics/event-loop.ts';

const delay = new EventLoopDelay(createSystemClock());
process.on('message', () => process.send!(delay.read()));
process.once('disconnect', () => process.exit());
// The clock's own timers do not keep a process alive.
setInterval(() => {}, 60_000);
