/**
 * The health check of the image: exits with 0 if the service with the same settings responds on this machine or, with the
 * argument `agent`, the agent.
 */
import { isIPv6 } from 'node:net';
import { readEnvFile } from './library/settings/index.ts';
import { readConfig } from './service/config/config.ts';

const TIMEOUT_MS = 4000;

const config = readConfig(process.env, readEnvFile('.env'));
const { host } = config;
const address = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
const ok = process.argv[2] === 'agent' ? await checkAgent() : await checkService();
process.exitCode = ok ? 0 : 1;

async function checkService(): Promise<boolean> {
  const origin = `http://${isIPv6(address) ? `[${address}]` : address}:${config.port}`;
  const reply = await fetch(`${origin}/livez`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return reply.ok;
}

async function checkAgent(): Promise<boolean> {
  const { isAgentLive } = await import('./service/runtimes/swarm/agent-link.ts');
  const { readAgentKey } = await import('./service/runtimes/swarm/agent/key.ts');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return await isAgentLive(
    { host: address, port: config.agentPort },
    readAgentKey(config.agentKeyFile),
    signal,
  );
}
