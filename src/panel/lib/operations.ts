import { formatCount, plural } from './format.ts';
import { describeFailure } from './problems.ts';
import type { Service } from './service.ts';
import { Store } from './store.ts';
import type { Engine, Provisioned } from './wire.ts';

/** Something that was asked of the service, and how far it has come. */
export interface Operation {
  readonly id: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly text: string;
  /** How much of it is done, 0 to 1; null where that is not told. */
  readonly progress: number | null;
}

const SHOWN_AFTER_MS = 6000;
const FAILURE_SHOWN_MS = 20_000;
/** An engine may take its time; it will be in the table whenever it comes. */
const WATCHED_MS = 120_000;

type Update = Pick<Operation, 'state' | 'text'> & { progress?: number };

/** What the panel has asked of the service. Each is watched until the figures show that it has come about. */
export class Operations {
  readonly list = new Store<readonly Operation[]>([]);
  readonly #service: Pick<Service, 'api' | 'keys' | 'feeds' | 'clock'>;
  #count = 0;

  constructor(service: Pick<Service, 'api' | 'keys' | 'feeds' | 'clock'>) {
    this.#service = service;
  }

  provision(labels: Record<string, string>): Promise<void> {
    return this.#run('Asking for an engine', async (update) => {
      const body = Object.keys(labels).length > 0 ? { labels } : {};
      const made = await this.#write<Provisioned>('POST', 'provision/acestream', body);
      if (!made) return null;
      const { container_id: id, container_name: name } = made;
      update({ state: 'running', text: `${name} is starting` });
      this.#service.feeds.engines.ask();
      const fate = await this.#watch((engines) => {
        const engine = engines.find(({ container_id }) => container_id === id);
        return engine && engine.health_status !== 'unknown' ? engine.health_status : null;
      });
      if (fate === 'healthy') return { state: 'done', text: `${name} is healthy` };
      return { state: 'failed', text: `${name} has not become healthy` };
    });
  }

  remove({ container_id: id, container_name: name }: Engine): Promise<void> {
    return this.#run(`Deleting ${name}`, async () => {
      const deleted = await this.#write('DELETE', `engines/${encodeURIComponent(id)}`);
      if (!deleted) return null;
      this.#service.feeds.engines.ask();
      return { state: 'done', text: `${name} is deleted` };
    });
  }

  scale(wanted: number): Promise<void> {
    return this.#run(`Scaling to ${plural(wanted, 'engine')}`, async (update) => {
      const answer = await this.#write<{ scaled_to: number }>('POST', `scale/${wanted}`);
      if (!answer) return null;
      const { scaled_to: target } = answer;
      let from: number | null = null;
      const reached = await this.#watch(({ length }) => {
        from ??= length;
        const progress =
          from === target ? 1 : Math.max(0, 1 - Math.abs(target - length) / Math.abs(target - from));
        update({
          state: 'running',
          text: `${formatCount(length)} of ${plural(target, 'engine')} are there`,
          progress,
        });
        return length === target ? true : null;
      });
      if (reached) return { state: 'done', text: `${plural(target, 'engine')}, as asked for` };
      return {
        state: 'failed',
        text: `It has not come to ${plural(target, 'engine')}; recent events may say why`,
      };
    });
  }

  clearCache(pattern: string): Promise<void> {
    return this.#run('Clearing the cache', async () => {
      const body = pattern === '' ? {} : { pattern };
      const answer = await this.#write<{ cleared: number }>('POST', 'cache/clear', body);
      if (!answer) return null;
      this.#service.feeds.cache.ask();
      return { state: 'done', text: `${plural(answer.cleared, 'entry', 'entries')} cleared` };
    });
  }

  dismiss(id: number): void {
    this.list.value = this.list.value.filter((operation) => operation.id !== id);
  }

  #write<T extends object>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T | null> {
    return this.#service.keys.use(() => this.#service.api.write<T>(method, path, body));
  }

  /** Shows what `work` tells until it ends; null from it means that it was called off. Never rejects. */
  async #run(
    text: string,
    work: (update: (update: Update) => void) => Promise<Update | null>,
  ): Promise<void> {
    this.#count += 1;
    const id = this.#count;
    const show = (update: Update) => {
      const operation = { id, progress: null, ...update };
      const others = this.list.value.filter((other) => other.id !== id);
      this.list.value = [...others, operation];
    };
    show({ state: 'running', text });
    const end = await work(show).catch(
      (error): Update => ({ state: 'failed', text: `${text}: ${describeFailure(error)}` }),
    );
    if (end === null) {
      this.dismiss(id);
      return;
    }
    show(end);
    const shownMs = end.state === 'failed' ? FAILURE_SHOWN_MS : SHOWN_AFTER_MS;
    this.#service.clock.after(shownMs, () => this.dismiss(id));
  }

  /** Looks at the engines, as they are polled, until `find` has an answer; null where it takes too long. */
  #watch<T>(find: (engines: Engine[]) => T | null): Promise<T | null> {
    const { feeds, clock } = this.#service;
    const { promise, resolve } = Promise.withResolvers<T | null>();
    const unwatch = feeds.engines.watch();
    const look = () => {
      const { value: engines } = feeds.engines.state.value;
      const found = engines && find(engines);
      if (found !== null) resolve(found);
    };
    const unsubscribe = feeds.engines.state.subscribe(look);
    const cancel = clock.after(WATCHED_MS, () => resolve(null));
    look();
    return promise.finally(() => {
      unwatch();
      unsubscribe();
      cancel();
    });
  }
}
