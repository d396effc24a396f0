import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { EventBus } from '../events/events.ts';
import type { Answers, ReadAnswer } from './answers.ts';

/**
 * Loads the polled answers when the runtime is connected for the first time, so that the first poll after a start is
 * a hit. The events that follow a start, such as the first health checks, invalidate them again, so for `forS` seconds
 * they are loaded after each event too.
 * @returns a function that stops it
 */
export function warmAnswers(
  { engines, statsAll, statsTotal, status, vpn }: Answers,
  {
    bus,
    clock,
    forS,
    onError,
  }: { bus: EventBus; clock: Clock; forS: number; onError: (err: unknown) => void },
): () => void {
  const task = new SerialTask(
    async () => {
      const load = async (read: ReadAnswer<unknown>) => {
        await read();
      };
      await Promise.all(
        [engines, statsAll, statsTotal, status, vpn].map((read) => load(read).catch(onError)),
      );
    },
    { clock },
  );
  let endsAt: number | undefined;
  const unsubscribe = bus.subscribe(({ type }) => {
    if (type === 'runtime_connected') endsAt ??= clock.now() + forS * 1000;
    if (endsAt === undefined) return;
    if (clock.now() <= endsAt) task.trigger();
    else unsubscribe();
  });
  return () => {
    unsubscribe();
    task.stop();
  };
}
