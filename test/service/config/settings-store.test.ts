import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Settings } from '../../../src/service/config/settings-store.ts';

function makeDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'roundhouse-settings-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

function open(dataDir: string, environment: Record<string, string> = {}, file: Record<string, string> = {}) {
  const warnings: string[] = [];
  const layers = { environment: { ...environment, DATA_DIR: dataDir }, file };
  const settings = new Settings(layers, (message) => warnings.push(message));
  const state = (name: string) => settings.list().find((setting) => setting.name === name)!;
  return { settings, warnings, state, path: join(dataDir, 'settings.json') };
}

describe('settings', () => {
  test('have a value and its source', () => {
    const { state } = open(
      makeDataDir(),
      { MIN_REPLICAS: '2', APP_PORT: '81' },
      { MIN_REPLICAS: '3', MAX_REPLICAS: '9' },
    );
    expect(state('MIN_REPLICAS')).toMatchObject({
      value: '2',
      source: 'environment',
      default: '1',
      isLive: true,
    });
    expect(state('MAX_REPLICAS')).toMatchObject({ value: '9', source: 'file', replaced: null });
    expect(state('PORT')).toMatchObject({ value: '81', source: 'environment', isLive: false });
    expect(state('AUTO_DELETE')).toMatchObject({ value: 'false', source: 'default' });
  });

  test('are shown without secrets', () => {
    const { settings } = open(makeDataDir(), {
      API_KEY: 'hush-hush-key',
      GLUETUN_API_KEY: 'hush-hush-key',
      NOTIFY_URLS: 'https://user:hush-hush@a.example/hush-hush?hush-hush=1&level=error ntfy://hush-hush',
      REDIS_URL: 'redis://:hush-hush@r.example/0',
      GLUETUN_API_URL: 'http://hush-hush@g.example',
    });
    expect(JSON.stringify(settings.list())).not.toContain('hush-hush');
    expect(settings.list().find(({ name }) => name === 'NOTIFY_URLS')?.value).toBe(
      'https://a.example/…?level=error ntfy://…',
    );
  });

  test('that are changed take effect, are stored for the owner only, and apply after a restart', async () => {
    const dataDir = makeDataDir();
    const { settings, state, path } = open(dataDir, { MIN_REPLICAS: '2' });
    const { config } = settings;
    const changed: string[][] = [];
    settings.onChange((names) => changed.push(names));
    await settings.change({ MIN_REPLICAS: '4', AUTO_DELETE: 'yes' });
    expect([config.minReplicas, config.autoDelete]).toEqual([4, true]);
    expect(state('MIN_REPLICAS')).toMatchObject({ value: '4', source: 'override', replaced: '2' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(open(dataDir, { MIN_REPLICAS: '2' }).settings.config.minReplicas).toBe(4);

    await settings.change({ MIN_REPLICAS: null });
    expect(config.minReplicas).toBe(2);
    expect(state('MIN_REPLICAS')).toMatchObject({ value: '2', source: 'environment', replaced: null });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ AUTO_DELETE: 'yes' });
    expect(changed).toEqual([['MIN_REPLICAS', 'AUTO_DELETE'], ['MIN_REPLICAS']]);
  });

  test('an empty text is a value: no notifications are sent', async () => {
    const { settings, state } = open(makeDataDir(), { NOTIFY_URLS: 'ntfy://a' });
    await settings.change({ NOTIFY_URLS: '' });
    expect(settings.config.notifyUrls).toEqual([]);
    expect(state('NOTIFY_URLS')).toMatchObject({ value: '', source: 'override', replaced: 'ntfy://…' });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['an invalid value', { MIN_REPLICAS: '3', MAX_REPLICAS: 'x' }, /^MAX_REPLICAS="x" must be/],
    ['an empty number', { MIN_REPLICAS: '' }, /^MIN_REPLICAS=" " must be/],
    ['a conflict', { MIN_REPLICAS: '30' }, /^MIN_REPLICAS \(30\) must not exceed MAX_REPLICAS \(20\)$/],
    ['a setting that needs a restart', { MIN_REPLICAS: '3', PORT: '1' }, /^PORT cannot be changed/],
    ['an unknown setting', { NOTHING: '1' }, /^NOTHING cannot be changed/],
    ['a secret', { NOTIFY_URLS: 'ftp://secret' }, /^(?!.*secret)NOTIFY_URLS=/],
  ])('%s changes nothing', async (_, changes, message) => {
    const { settings, path } = open(makeDataDir());
    await expect(settings.change(changes)).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringMatching(message),
    });
    expect(settings.config.minReplicas).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  test('that cannot be stored do not take effect', async () => {
    const dataDir = makeDataDir();
    const { settings } = open(join(dataDir, 'file', 'folder'));
    writeFileSync(join(dataDir, 'file'), '');
    await expect(settings.change({ MIN_REPLICAS: '3' })).rejects.toMatchObject({
      code: 'settings_not_stored',
    });
    expect(settings.config.minReplicas).toBe(1);
  });

  test.each([
    ['no JSON', '{'],
    ['a value that is no longer valid', '{"MIN_REPLICAS":"x"}'],
    ['a conflict with the environment', '{"MIN_REPLICAS":"19"}'],
  ])('a file with %s is ignored with a warning', (_, text) => {
    const dataDir = makeDataDir();
    writeFileSync(join(dataDir, 'settings.json'), text);
    const { settings, warnings } = open(dataDir, { MAX_REPLICAS: '5' });
    expect(settings.config.minReplicas).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^ignoring the settings in .*settings\.json: /);
  });

  test('a file cannot change settings that need a restart', () => {
    const dataDir = makeDataDir();
    writeFileSync(join(dataDir, 'settings.json'), '{"API_KEY":"stolen-key","MIN_REPLICAS":"3"}');
    const { settings } = open(dataDir);
    expect([settings.config.apiKey, settings.config.minReplicas]).toEqual([null, 3]);
  });
});
