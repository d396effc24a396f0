import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, Question, Questions, ToWorker, WorkerSettings } from './protocol.ts';
import { EventLogStore } from './store.ts';

/** How often a file that failed is tried again. */
const RECOVERY_INTERVAL_MS = 2000;
const FORGETTING_INTERVAL_MS = 60_000;

const port = parentPort!;
const tell = (message: FromWorker) => port.postMessage(message);

const store = new EventLogStore({
  ...(workerData as WorkerSettings),
  now: Date.now,
  report: (report) => tell({ report }),
  onKeeping: (keeping) => tell({ keeping }),
});
tell({ keeping: store.keeping });

const tidy = inSlices(() => store.tidy());
const forget = inSlices(() => store.forget());
const timers = [
  setInterval(() => {
    store.recover();
    tidy();
  }, RECOVERY_INTERVAL_MS),
  setInterval(forget, FORGETTING_INTERVAL_MS),
];
forget();

const answers: { [Q in Question]: (ask: Questions[Q]['ask']) => Questions[Q]['answer'] } = {
  write(changes) {
    store.write(changes);
    tidy();
    return null;
  },
  events: (query) => store.events(query),
  figures: () => ({ ...store.figures(), dropped: store.dropped }),
  streams: (ended) => store.streams(ended),
  close() {
    for (const timer of timers) clearInterval(timer);
    store.close();
    return null;
  },
};

port.on('message', ({ id, question, ask }: ToWorker) => {
  try {
    const answer = (answers[question] as (given: typeof ask) => Questions[Question]['answer'])(ask);
    tell({ id, answer });
  } catch (error) {
    tell({ id, fault: (error as Error).message });
  }
  if (question === 'close') port.close();
});

/** Repeats a step for as long as it says that more is left, letting what has arrived come first each time. */
function inSlices(step: () => boolean): () => void {
  let waiting = false;
  const run = () => {
    waiting = false;
    if (step()) again();
  };
  const again = () => {
    if (waiting) return;
    waiting = true;
    setImmediate(run);
  };
  return again;
}
