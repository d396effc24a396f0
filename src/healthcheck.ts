/** The health check of the image: exits with 0 if the service with the same settings responds on this machine. */
import { isIPv6 } from 'node:net';
import { readEnvFile } from './library/settings/index.ts';
import { readConfig } from './service/config/config.ts';

const { host, port } = readConfig(process.env, readEnvFile('.env'));
const address = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
const { ok } = await fetch(`http://${isIPv6(address) ? `[${address}]` : address}:${port}/livez`, {
  signal: AbortSignal.timeout(4000),
});
process.exitCode = ok ? 0 : 1;
