import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp, WITH_KEY } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const CONFIG = '/custom-variant/config';
const TEMPLATES = '/custom-variant/templates';

async function call(app: TestApp, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) {
  const reply = await app.request(method, path, { headers: WITH_KEY, ...(body && { body }) });
  assertDocumented(method, path.replace(/(?<=templates\/)\d+/, '{slot}'), reply);
  return { status: reply.statusCode, headers: reply.headers, body: reply.body };
}

test('the defaults list the parameters of engines, and are not enabled', async () => {
  await using app = await startFakeApp();
  const { body } = await call(app, 'GET', CONFIG);
  expect(body).toMatchObject({ enabled: false, arm_version: '3.2.13', memory_limit: null });
  expect(body.parameters).toContainEqual({ name: '--port', type: 'int', value: 8621, enabled: false });
  expect((await call(app, 'GET', '/custom-variant/platform')).body).toEqual({
    platform: body.platform,
    supported_platforms: ['amd64', 'arm32', 'arm64'],
  });
});

test('changed settings apply to engines that are started later, also after a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-test-'));
  const settings = { DATA_DIR: folder };
  const first = await startFakeApp({ settings });
  const { body: config } = await call(first, 'GET', CONFIG);
  const changed = { ...config, enabled: true, platform: 'arm64', memory_limit: '1g' };
  expect(await call(first, 'POST', CONFIG, changed)).toMatchObject({ status: 200, body: changed });
  await first.post('/provision/acestream');
  const custom = { platform: 'arm64', armVersion: '3.2.13', memoryLimit: 2 ** 30 };
  expect(first.runtime.specs.at(-1)).toMatchObject({ custom });
  const mode = (await stat(join(folder, 'engine-settings.json'))).mode & 0o777;
  expect(mode).toBe(0o600);
  await first.app.close();

  await using second = await startFakeApp({ settings });
  expect((await call(second, 'GET', CONFIG)).body).toEqual(changed);
});

test('settings that engines cannot have are refused, and change nothing', async () => {
  await using app = await startFakeApp();
  const { body: config } = await call(app, 'GET', CONFIG);
  const withParameter = (change: object) => ({
    ...config,
    parameters: [{ name: '--cache-dir', type: 'path', value: '/x', enabled: true, ...change }],
  });
  for (const invalid of [
    { ...config, platform: 'sparc' },
    { ...config, memory_limit: 'x' },
    withParameter({ value: 'a b' }),
    withParameter({ name: '--http-port' }),
    withParameter({ type: 'other' }),
    {},
  ])
    expect((await call(app, 'POST', CONFIG, invalid)).body.code).toMatch(/^invalid_(request|settings)$/);
  expect((await call(app, 'GET', CONFIG)).body).toEqual(config);
});

test('a file that is not valid is ignored, and one that cannot be written is an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'engine-settings.json'), '{"config":{"enabled":"yes"}}');
  {
    await using app = await startFakeApp({ settings: { DATA_DIR: folder } });
    expect((await call(app, 'GET', CONFIG)).body.enabled).toBe(false);
  }
  await writeFile(join(tmpdir(), 'roundhouse-no-folder'), '');
  onTestFinished(() => rm(join(tmpdir(), 'roundhouse-no-folder'), { force: true }));
  await using app = await startFakeApp({ settings: { DATA_DIR: join(tmpdir(), 'roundhouse-no-folder') } });
  const { body: config } = await call(app, 'GET', CONFIG);
  expect(await call(app, 'POST', CONFIG, { ...config, enabled: true })).toMatchObject({
    status: 503,
    body: { code: 'settings_not_stored' },
  });
  expect((await call(app, 'GET', CONFIG)).body.enabled).toBe(false);
});

test('templates are stored, renamed, activated, exported, imported and deleted', async () => {
  await using app = await startFakeApp();
  const { body: defaults } = await call(app, 'GET', CONFIG);
  const config = { ...defaults, enabled: true, platform: 'arm32' };
  expect((await call(app, 'POST', `${TEMPLATES}/3`, { name: 'mine', config })).status).toBe(200);
  expect((await call(app, 'PATCH', `${TEMPLATES}/3/rename`, { name: 'ours' })).status).toBe(200);
  const { body: list } = await call(app, 'GET', TEMPLATES);
  expect(list.templates).toHaveLength(10);
  expect(list.templates[2]).toEqual({ slot_id: 3, name: 'ours', exists: true });
  expect(list).toMatchObject({ active_template_id: null });
  expect((await call(app, 'GET', `${TEMPLATES}/3`)).body).toEqual({ slot_id: 3, name: 'ours', config });
  expect((await call(app, 'GET', CONFIG)).body).toEqual(defaults);

  expect((await call(app, 'POST', `${TEMPLATES}/3/activate`)).status).toBe(200);
  expect((await call(app, 'GET', CONFIG)).body).toEqual(config);
  expect((await call(app, 'GET', TEMPLATES)).body.active_template_id).toBe(3);
  expect(await call(app, 'DELETE', `${TEMPLATES}/3`)).toMatchObject({
    status: 400,
    body: { code: 'template_active' },
  });

  const exported = await call(app, 'GET', `${TEMPLATES}/3/export`);
  expect(exported.headers['content-disposition']).toBe('attachment; filename="engine-settings-3.json"');
  const json_data = JSON.stringify(exported.body);
  expect((await call(app, 'POST', `${TEMPLATES}/10/import`, { json_data })).status).toBe(200);
  expect((await call(app, 'GET', `${TEMPLATES}/10`)).body).toMatchObject({ name: 'ours', config });
  expect((await call(app, 'DELETE', `${TEMPLATES}/10`)).status).toBe(200);
  for (const path of ['10', '10/export'])
    expect(await call(app, 'GET', `${TEMPLATES}/${path}`)).toMatchObject({
      status: 404,
      body: { code: 'template_not_found' },
    });
  for (const json_data of ['{', '{}', 'null', '{"name":"x","config":{}}'])
    expect((await call(app, 'POST', `${TEMPLATES}/1/import`, { json_data })).status).toBe(400);
  for (const slot of ['0', '11', 'x', '1.5'])
    expect((await app.request('GET', `${TEMPLATES}/${slot}`, { headers: WITH_KEY })).statusCode).toBe(400);
  const stored = await readFile(join(app.config.dataDir, 'engine-settings.json'), 'utf8');
  expect(JSON.parse(stored)).toMatchObject({ activeTemplate: 3 });
});

test('all engines are replaced on request, and the progress can be read without the key', async () => {
  await using app = await startFakeApp();
  app.runtime.start();
  await settle();
  const status = async () => {
    const reply = await app.get('/custom-variant/reprovision/status');
    assertDocumented('GET', '/custom-variant/reprovision/status', reply);
    return reply.body;
  };
  expect(await status()).toMatchObject({
    in_progress: false,
    status: 'idle',
    timestamp: null,
    current_phase: null,
  });
  expect((await call(app, 'POST', '/custom-variant/reprovision')).body).toEqual({
    message: 'Replacing 1 engines',
    deleted_count: 1,
  });
  expect(await status()).toMatchObject({ in_progress: true, total_engines: 1 });
  expect(await call(app, 'POST', '/custom-variant/reprovision')).toMatchObject({
    status: 409,
    body: { code: 'reprovisioning' },
  });
  // Nothing answers on the port of the fake successor.
  await waitUntil(
    'it has failed',
    async () => {
      await app.clock.advanceAsync(1000);
      return (await status()).status === 'error';
    },
    20_000,
  );
  expect(app.runtime.engines.size).toBe(2);
});

test('settings and templates need the key: parameters may contain access tokens', async () => {
  await using app = await startFakeApp();
  for (const path of [CONFIG, `${TEMPLATES}/1`, `${TEMPLATES}/1/export`])
    expect((await app.get(path)).statusCode).toBe(401);
  for (const path of [CONFIG, '/custom-variant/reprovision', `${TEMPLATES}/1`, `${TEMPLATES}/1/activate`])
    expect((await app.request('POST', path)).statusCode).toBe(401);
});
