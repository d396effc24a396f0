import closeWithGrace from 'close-with-grace';
import manifest from '../package.json' with { type: 'json' };
import { createSystemClock } from './library/cache/index.ts';
import { readEnvFile } from './library/settings/index.ts';
import { buildApp } from './service/app.ts';
import { loadApiKey } from './service/config/api-key.ts';
import { Settings } from './service/config/settings-store.ts';
import { lockDataFolder } from './service/event-log/data-folder-lock.ts';
import { createLogger } from './service/log.ts';
import { Metrics } from './service/metrics/metrics.ts';
import { openRuntime } from './service/runtimes/open-runtime.ts';
import { releaseStartupMemory } from './service/startup-memory.ts';

/** Shorter than the ten seconds between the SIGTERM and the SIGKILL of `docker stop`. */
const STOP_TIMEOUT_MS = 8000;
/** Shorter keys of operators who come from another orchestrator work, with a warning. */
const MIN_KEY_LENGTH = 8;

/** Starts the service. */
export async function start(): Promise<void> {
  const warnings: string[] = [];
  const layers = { environment: process.env, file: readEnvFile('.env') };
  const settings = new Settings(layers, (message) => warnings.push(message));
  const { config } = settings;
  const logger = createLogger(config.logLevel);
  for (const warning of warnings) logger.warn(warning);
  // Before anything else uses the folder. The lock ends with the process.
  lockDataFolder(config.dataDir);
  const { key, location } = await loadApiKey(config.apiKey, config.dataDir);
  if (config.apiKey !== null && config.apiKey.length < MIN_KEY_LENGTH)
    logger.warn(`API_KEY has fewer than ${MIN_KEY_LENGTH} characters: anyone can guess it`);
  const clock = createSystemClock();
  const metrics = new Metrics(clock);
  const { runtime, vpnContainers, reason, fallback } = await openRuntime(
    config,
    (message) => logger.warn(message),
    metrics.recordDockerCall,
  );
  const app = await buildApp(settings, {
    runtime,
    vpnContainers,
    fallback,
    apiKey: key,
    version: manifest.version,
    logger,
    clock,
    metrics,
  });
  closeWithGrace({ delay: STOP_TIMEOUT_MS, logger }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'stopping after an unexpected error');
    else logger.info(signal ? `stopping on ${signal}` : 'stopping');
    await app.close();
  });
  const address = await app.api.listen({ host: config.host, port: config.port });
  logger.info(`Roundhouse ${manifest.version} listening on ${address}`);
  app.start();
  releaseStartupMemory(clock);
  logger.info(`Panel: ${address}/panel`);
  logger.info(`API documentation: ${address}/docs`);
  logger.info(`Engines: ${reason}`);
  logger.info(`API key: ${location}`);
}
