import type { Api } from './api.ts';
import { errorMessage } from './errors.ts';
import { formatCount, plural } from './format.ts';
import { t } from './i18n.ts';
import type { ServiceClient } from './service-client.ts';
import { Store } from './store.ts';
import { nameOfStream } from './stream-rows.ts';
import type { Engine, EngineSettings, Stream } from './wire.ts';

/** A write that the user started, and its progress. */
export interface Operation {
  readonly id: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly text: string;
  /** From 0 to 1; null if it cannot be measured. */
  readonly progress: number | null;
}

const SUCCESS_SHOWN_MS = 6000;
const FAILURE_SHOWN_MS = 20_000;
/** After this time an operation counts as failed. An engine that starts later still appears in the table. */
const TIMEOUT_MS = 120_000;

const REPLACEMENT_POLL_MS = 1000;

/** A change of an operation. */
export type Update = Pick<Operation, 'state' | 'text'> & { progress?: number };
type Client = Pick<ServiceClient, 'api' | 'apiKey' | 'resources' | 'clock'>;

/** Runs the writes of the panel. Each is tracked until the polled resources show its effect. */
export class Operations {
  readonly list = new Store<readonly Operation[]>([]);
  readonly #client: Client;
  #count = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  provision(labels: Record<string, string>): Promise<void> {
    return this.run(t('Provisioning an engine'), async (update) => {
      const { api, apiKey, resources } = this.#client;
      const body = Object.keys(labels).length > 0 ? { labels } : {};
      const engine = await apiKey.withKey(() => api.write('POST /provision/acestream', { body }));
      if (!engine) return null;
      const { container_id: id, container_name: name } = engine;
      update({ state: 'running', text: t('{name} is starting', { name }) });
      resources.engines.refresh();
      const health = await this.#waitFor((engines) => {
        const found = engines.find(({ container_id }) => container_id === id);
        return found && found.health_status !== 'unknown' ? found.health_status : null;
      });
      if (health === 'healthy') return { state: 'done', text: t('{name} is healthy', { name }) };
      return { state: 'failed', text: t('{name} did not become healthy', { name }) };
    });
  }

  /** Restarts engines, one after another: so the others go on playing. */
  restartEngines(engines: readonly Engine[]): Promise<void> {
    return this.#forEach(engines, t('Restarting'), t('restarted'), (api, { container_id: id }) =>
      api.write('POST /engines/{id}/restart', { path: { id } }),
    );
  }

  /** Deletes engines, one after another. */
  deleteEngines(engines: readonly Engine[]): Promise<void> {
    return this.#forEach(engines, t('Deleting'), t('deleted'), (api, { container_id: id }) =>
      api.write('DELETE /engines/{id}', { path: { id } }),
    );
  }

  stopStream(stream: Stream): Promise<void> {
    const name = nameOfStream(stream);
    return this.run(t('Stopping {name}', { name }), async () => {
      const { api, apiKey, resources } = this.#client;
      const path = { id: stream.id };
      const reply = await apiKey.withKey(() => api.write('DELETE /streams/{id}', { path }));
      if (!reply) return null;
      resources.streams.refresh();
      if (reply.stopped) return { state: 'done', text: t('{name} stopped', { name }) };
      return { state: 'done', text: t('{name} ended, but its engine did not confirm it', { name }) };
    });
  }

  /** @param done what has happened to the engines, as a participle */
  #forEach(
    engines: readonly Engine[],
    doing: string,
    done: string,
    write: (api: Api, engine: Engine) => Promise<unknown>,
  ): Promise<void> {
    const [first] = engines;
    const what = engines.length === 1 && first ? first.container_name : plural(engines.length, 'engine');
    return this.run(`${doing}: ${what}`, async (update) => {
      const { api, apiKey, resources } = this.#client;
      const failures: string[] = [];
      for (const [index, engine] of engines.entries()) {
        const text = `${doing}: ${engine.container_name}`;
        update({ state: 'running', text, progress: index / engines.length });
        try {
          if ((await apiKey.withKey(() => write(api, engine))) === null) return null;
        } catch (error) {
          failures.push(`${engine.container_name}: ${errorMessage(error)}`);
        }
        resources.engines.refresh();
      }
      if (failures.length === 0) return { state: 'done', text: `${what} ${done}` };
      return { state: 'failed', text: failures.join('; ') };
    });
  }

  scale(demand: number): Promise<void> {
    return this.run(t('Scaling to {engines}', { engines: plural(demand, 'engine') }), async (update) => {
      const { api, apiKey } = this.#client;
      const input = { path: { demand } };
      const reply = await apiKey.withKey(() => api.write('POST /scale/{demand}', input));
      if (!reply) return null;
      const { scaled_to: target } = reply;
      let from: number | null = null;
      const reached = await this.#waitFor((engines) => {
        // Those that have started but do not respond yet cannot play: the request is not fulfilled until they do.
        const healthy = engines.filter(({ health_status }) => health_status === 'healthy').length;
        const ready = engines.length > target ? engines.length : healthy;
        from ??= ready;
        const progress =
          from === target ? 1 : Math.max(0, 1 - Math.abs(target - ready) / Math.abs(target - from));
        const starting = engines.length - healthy;
        update({
          state: 'running',
          text:
            t('Scaling: {n} of {engines}', { n: formatCount(ready), engines: plural(target, 'engine') }) +
            (starting > 0 ? t(', {n} starting', { n: formatCount(starting) }) : ''),
          progress,
        });
        return engines.length === target && healthy === target ? true : null;
      });
      if (reached)
        return { state: 'done', text: t('Scaled to {engines}', { engines: plural(target, 'engine') }) };
      return {
        state: 'failed',
        text: t('Scaling to {engines} timed out; see the events', { engines: plural(target, 'engine') }),
      };
    });
  }

  /** @param pattern glob of the keys to clear; all keys if it is empty */
  clearCache(pattern: string): Promise<void> {
    return this.run(t('Clearing the cache'), async () => {
      const { api, apiKey, resources } = this.#client;
      const body = pattern === '' ? {} : { pattern };
      const reply = await apiKey.withKey(() => api.write('POST /cache/clear', { body }));
      if (!reply) return null;
      resources.cache.refresh();
      return { state: 'done', text: t('{entries} cleared', { entries: plural(reply.cleared, 'entry') }) };
    });
  }

  /** Closes the circuit breakers, so that engines are started again at once. */
  resetBreaker(): Promise<void> {
    return this.run(t('Resetting the circuit breaker'), async () => {
      const { api, apiKey, resources } = this.#client;
      const reply = await apiKey.withKey(() => api.write('POST /health/circuit-breaker/reset', {}));
      if (!reply) return null;
      resources.status.refresh();
      return { state: 'done', text: t('Circuit breaker reset') };
    });
  }

  saveSettings(settings: EngineSettings): Promise<void> {
    return this.#change(t('Saving the settings'), t('Settings saved'), (api) =>
      api.write('POST /custom-variant/config', { body: settings }),
    );
  }

  saveTemplate(slot: number, name: string, config: EngineSettings): Promise<void> {
    return this.#change(t('Saving {name}', { name }), t('{name} saved', { name }), (api) =>
      api.write('POST /custom-variant/templates/{slot}', { path: { slot }, body: { name, config } }),
    );
  }

  activateTemplate(slot: number, name: string): Promise<void> {
    return this.#change(t('Activating {name}', { name }), t('{name} is active', { name }), (api) =>
      api.write('POST /custom-variant/templates/{slot}/activate', { path: { slot } }),
    );
  }

  deleteTemplate(slot: number, name: string): Promise<void> {
    return this.#change(t('Deleting {name}', { name }), t('{name} deleted', { name }), (api) =>
      api.write('DELETE /custom-variant/templates/{slot}', { path: { slot } }),
    );
  }

  /** Replaces all engines, which takes as long as streams play on them. */
  replaceEngines(): Promise<void> {
    const text = t('Replacing all engines');
    return this.run(text, async (update) => {
      const { api, apiKey, clock } = this.#client;
      const reply = await apiKey.withKey(() => api.write('POST /custom-variant/reprovision', {}));
      if (!reply) return null;
      for (;;) {
        await new Promise<void>((resolve) => void clock.after(REPLACEMENT_POLL_MS, resolve));
        const reading = await api.read('GET /custom-variant/reprovision/status', {}, null);
        if (reading.notModified) continue;
        const { status, message, engines_stopped: done, total_engines: total } = reading.value;
        if (status === 'error')
          return { state: 'failed', text: message ?? t('Replacing the engines failed') };
        if (status !== 'in_progress') return { state: 'done', text: message ?? t('All engines replaced') };
        update({
          state: 'running',
          text: t('{what}: {n} of {total}', { what: text, n: done, total }),
          progress: done / Math.max(1, total),
        });
      }
    });
  }

  /** A write of settings or templates. */
  #change(text: string, doneText: string, write: (api: Api) => Promise<unknown>): Promise<void> {
    return this.run(text, async () => {
      const { api, apiKey, resources } = this.#client;
      if ((await apiKey.withKey(() => write(api))) === null) return null;
      resources.templates.refresh();
      return { state: 'done', text: doneText };
    });
  }

  dismiss(id: number): void {
    this.list.value = this.list.value.filter((operation) => operation.id !== id);
  }

  /** Lists the operation until some time after it ends. `run` returns null if the user cancels. Never rejects. */
  async run(text: string, run: (update: (update: Update) => void) => Promise<Update | null>): Promise<void> {
    this.#count += 1;
    const id = this.#count;
    const show = (update: Update) => {
      const operation = { id, progress: null, ...update };
      const others = this.list.value.filter((other) => other.id !== id);
      this.list.value = [...others, operation];
    };
    show({ state: 'running', text });
    const result = await run(show).catch(
      (error): Update => ({ state: 'failed', text: `${text}: ${errorMessage(error)}` }),
    );
    if (result === null) {
      this.dismiss(id);
      return;
    }
    show(result);
    const shownMs = result.state === 'failed' ? FAILURE_SHOWN_MS : SUCCESS_SHOWN_MS;
    this.#client.clock.after(shownMs, () => this.dismiss(id));
  }

  /** Polls the engines until `find` returns a value. @returns that value, or null at the timeout */
  #waitFor<T>(find: (engines: Engine[]) => T | null): Promise<T | null> {
    const { resources, clock } = this.#client;
    const { promise, resolve } = Promise.withResolvers<T | null>();
    const unwatch = resources.engines.watch();
    const check = () => {
      const { value: engines } = resources.engines.state.value;
      const found = engines && find(engines);
      if (found !== null) resolve(found);
    };
    const unsubscribe = resources.engines.state.subscribe(check);
    const cancel = clock.after(TIMEOUT_MS, () => resolve(null));
    check();
    return promise.finally(() => {
      unwatch();
      unsubscribe();
      cancel();
    });
  }
}
