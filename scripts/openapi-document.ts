import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { buildApp } from '../src/service/app.ts';
import { Settings } from '../src/service/config/settings-store.ts';
import { openRuntime } from '../src/service/runtimes/open-runtime.ts';

/** Generates the OpenAPI document, as JSON. The application is built but not started. */
export async function describeOpenApi(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-docs-'));
  const environment = { ENGINE_RUNTIME: 'process', DATA_DIR: dataDir };
  const settings = new Settings({ environment, file: {} });
  const logger = pino({ level: 'silent' });
  const { runtime, vpnContainers } = await openRuntime(settings.config, () => {});
  const app = await buildApp(settings, {
    runtime,
    vpnContainers,
    logger,
    apiKey: 'unused-key',
    version: manifest.version,
  });
  try {
    await app.api.ready();
    return `${JSON.stringify(app.api.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
    await rm(dataDir, { recursive: true });
  }
}
