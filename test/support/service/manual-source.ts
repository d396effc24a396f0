import { settle } from '../fake-clock.ts';

/** A load started by a {@link ManualSource}, to be ended by the test. */
export interface PendingLoad<V> {
  readonly signal: AbortSignal;
  finish(value: V): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A source whose loads are ended by the test. Records all of them. */
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

  /** The latest load. */
  get latest(): PendingLoad<V> {
    const load = this.loads.at(-1);
    if (load === undefined) throw new Error('no load was started');
    return load;
  }
}
