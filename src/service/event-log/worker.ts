import { parentPort, workerData } from 'node:worker_threads';
import type {
  WorkerMessage,
  WorkerMethod,
  WorkerMethods,
  WorkerRequest,
  WorkerSettings,
} from './protocol.ts';
import { EventLogStore } from './store.ts';

/** How often a file that failed is retried. */
const RECOVERY_INTERVAL_MS = 2000;
const PRUNE_INTERVAL_MS = 60_000;

const port = parentPort!;
const post = (message: WorkerMessage) => port.postMessage(message);

const store = new EventLogStore({
  ...(workerData as WorkerSettings),
  now: Date.now,
  onLog: (log) => post({ log }),
  onStorageChange: (storage) => post({ storage }),
});
post({ storage: store.storage });

const tidy = inSlices(() => store.tidy());
const pruneExpired = inSlices(() => store.pruneExpired());
const timers = [
  setInterval(() => {
    store.recover();
    tidy();
  }, RECOVERY_INTERVAL_MS),
  setInterval(pruneExpired, PRUNE_INTERVAL_MS),
];
pruneExpired();

const methods: { [M in WorkerMethod]: (params: WorkerMethods[M]['params']) => WorkerMethods[M]['result'] } = {
  write(changes) {
    store.write(changes);
    tidy();
    return null;
  },
  events: (query) => store.events(query),
  counts: () => ({ ...store.counts(), dropped: store.dropped }),
  streams: (maxEnded) => store.streams(maxEnded),
  deleteBefore: (before) => store.deleteBefore(before),
  close() {
    for (const timer of timers) clearInterval(timer);
    store.close();
    return null;
  },
};

port.on('message', ({ id, method, params }: WorkerRequest) => {
  try {
    const call = methods[method] as (given: typeof params) => WorkerMethods[WorkerMethod]['result'];
    post({ id, result: call(params) });
  } catch (error) {
    post({ id, error: (error as Error).message });
  }
  if (method === 'close') port.close();
});

/** Returns a function that repeats `step` until it returns false. Requests that have arrived run between steps. */
function inSlices(step: () => boolean): () => void {
  let scheduled = false;
  const run = () => {
    scheduled = false;
    if (step()) schedule();
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(run);
  };
  return schedule;
}
