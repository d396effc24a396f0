import closeWithGrace from 'close-with-grace';
import manifest from '../package.json' with { type: 'json' };
import { readEnvFile } from './library/settings/index.ts';
import { readConfig } from './service/config/config.ts';
import { createLogger } from './service/log.ts';
import { startAgent } from './service/runtimes/swarm/agent/run-agent.ts';

const STOP_TIMEOUT_MS = 2000;

/** Starts the agent of a node of a Docker Swarm. */
export async function start(): Promise<void> {
  const config = readConfig(process.env, readEnvFile('.env'));
  const logger = createLogger(config.logLevel);
  const agent = await startAgent(config, manifest.version);
  closeWithGrace({ delay: STOP_TIMEOUT_MS, logger }, () => agent.close());
  logger.info(`Roundhouse agent ${manifest.version} listening on ${agent.address}`);
}
