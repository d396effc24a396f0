import { settle } from '../fake-clock.ts';

/** One load that a {@link ManualSource} has begun; whoever wrote the test ends it. */
export interface PendingLoad<V> {
  readonly signal: AbortSignal;
  finish(value: V): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A source whose loads end when a test says so, and which remembers them all. */
export class ManualSource<V> {
  readonly loads: PendingLoad<V>[] = [];

  readonly load = (signal: AbortSignal): Promise<V> => {
    const { promise, resolve, reject } = Promise.withResolvers<V>();
    this.loads.push({
      signal,
      finish: (value) => {
        resolve(value);
        return settle();
      },
      fail: (error) => {
        reject(error);
        return settle();
      },
    });
    return promise;
  };

  /** The load begun last. */
  get latest(): PendingLoad<V> {
    const load = this.loads.at(-1);
    if (load === undefined) throw new Error('nothing was loaded');
    return load;
  }
}
