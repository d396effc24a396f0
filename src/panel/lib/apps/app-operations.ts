import { formatBytes, plural } from '../format.ts';
import { t } from '../i18n.ts';
import type { ServiceClient } from '../service-client.ts';
import type { Input, Reply } from '../wire.ts';

type Client = Pick<ServiceClient, 'api' | 'apiKey' | 'operations' | 'resources'>;
type AppPath = Input<'GET /apps/{workspace}/{app}'>['path'];
type ProfilePath = Input<'GET /profiles/{user}/{session}'>['path'];
type StartBody = Exclude<Input<'POST /apps/{workspace}/{app}/sessions'>['body'], undefined>;

/** A start may wait for a place, and then for the app. The service has shorter limits of its own. */
const START_TIMEOUT_MS = 15 * 60_000;
/** Sessions are closed, and responses are loaded, before the service replies. */
const SLOW_TIMEOUT_MS = 5 * 60_000;

/** The writes about browser apps. Each is listed until it ends, and the affected resources are read again. */
export class AppOperations {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  start(path: AppPath, name: string, body: StartBody): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: t('Starting {name}', { name }),
      write: () => api.write('POST /apps/{workspace}/{app}/sessions', { path, body }, START_TIMEOUT_MS),
      done: ({ start_seconds: seconds }) =>
        seconds === null
          ? t('{name} is running', { name })
          : t('{name} started in {seconds} s', { name, seconds: seconds.toFixed(1) }),
    });
  }

  uninstall(path: AppPath, name: string): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: t('Uninstalling {name}', { name }),
      write: () => api.write('DELETE /apps/{workspace}/{app}', { path }, SLOW_TIMEOUT_MS),
      done: ({ deleted_entries, stopped_sessions }) =>
        t('{name} uninstalled: {entries} removed, {sessions} ended', {
          name,
          entries: plural(deleted_entries, 'entry'),
          sessions: plural(stopped_sessions, 'session'),
        }),
    });
  }

  /** @param match pattern of the URLs; all if it is empty */
  clearCache(path: AppPath, match: string): Promise<void> {
    const { api } = this.#client;
    const query = match === '' ? {} : { match };
    return this.#change({
      text: t('Clearing the cache'),
      write: () => api.write('DELETE /apps/{workspace}/{app}/cache', { path, query }, SLOW_TIMEOUT_MS),
      done: ({ deleted_entries }) => t('{entries} removed', { entries: plural(deleted_entries, 'entry') }),
    });
  }

  warm(path: AppPath, urls: [string, ...string[]]): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: t('Requesting {urls}', { urls: plural(urls.length, 'URL') }),
      write: () =>
        api.write('POST /apps/{workspace}/{app}/cache/warm', { path, body: { urls } }, SLOW_TIMEOUT_MS),
      done: ({ requested, failed }) => {
        if (failed.length > 0) {
          const values = { failed: failed.length, all: requested, first: failed[0]! };
          throw new Error(t('{failed} of {all} requests failed, such as {first}', values));
        }
        return t('{urls} requested', { urls: plural(requested, 'URL') });
      },
    });
  }

  setMode(id: string, mode: Input<'PATCH /browser/sessions/{id}'>['body']['mode']): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: t('Changing the cache mode to {mode}', { mode }),
      write: () => api.write('PATCH /browser/sessions/{id}', { path: { id }, body: { mode } }),
      done: () => t('The cache mode is {mode}', { mode }),
    });
  }

  /** Ends a session, or removes one that has ended from the list. */
  stop(id: string, isLive: boolean): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: isLive ? t('Stopping the session') : t('Removing the session'),
      write: () => api.write('DELETE /browser/sessions/{id}', { path: { id } }, SLOW_TIMEOUT_MS),
      done: () => (isLive ? t('Session stopped') : t('Session removed')),
    });
  }

  rollBack(path: ProfilePath, version: number): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: t('Rolling back to version {version}', { version }),
      write: () => api.write('POST /profiles/{user}/{session}/rollback', { path, body: { version } }),
      done: ({ version: newest }) =>
        t('Version {newest} has the content of version {version}', { newest, version }),
    });
  }

  fork(path: ProfilePath, session: string, version: number | null): Promise<void> {
    const { api } = this.#client;
    const body = { session, ...(version !== null && { version }) };
    return this.#change({
      text: t('Forking {name}', { name: path.session }),
      write: () => api.write('POST /profiles/{user}/{session}/fork', { path, body }, SLOW_TIMEOUT_MS),
      done: (profile: Reply<'POST /profiles/{user}/{session}/fork'>) =>
        t('{name} created ({size})', {
          name: session,
          size: formatBytes(profile.versions[0]?.bytes ?? null),
        }),
    });
  }

  deleteProfile(path: ProfilePath): Promise<void> {
    const { api } = this.#client;
    return this.#change({
      text: t('Deleting {name}', { name: path.session }),
      write: () => api.write('DELETE /profiles/{user}/{session}', { path }, SLOW_TIMEOUT_MS),
      done: () => t('{name} deleted', { name: path.session }),
    });
  }

  #change<R>(change: { text: string; write: () => Promise<R>; done: (reply: R) => string }): Promise<void> {
    const { apiKey, operations, resources } = this.#client;
    return operations.run(change.text, async () => {
      try {
        const reply = await apiKey.withKey(change.write);
        return reply === null ? null : { state: 'done', text: change.done(reply) };
      } finally {
        // Profiles change without a notice.
        resources.onNotice({ type: 'local', keys: ['apps:*', 'browser:*'] });
      }
    });
  }
}
