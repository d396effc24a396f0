/**
 * Shows `roundhouse/preset`. Needs a Redis server at REDIS_URL. Run it from the root of the project:
 *
 *     REDIS_URL=redis://localhost node --conditions=roundhouse:source examples/preset.ts
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Caches, openCaches, readCacheSettings } from 'roundhouse/preset';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** A slow origin that counts its requests and forbids caching. */
let requests = 0;
const server = createServer(async (request, response) => {
  requests += 1;
  for await (const _ of request);
  await delay(20);
  response.setHeader('cache-control', 'no-store');
  response.end(`${request.method} ${request.url}`);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Opens caches as a process would. Here, all of them are in the same process. */
const settings = readCacheSettings({ ttlS: { catalogue: 600 } });
async function open() {
  const caches = openCaches(settings, { prefix: `example-${process.pid}` });
  const connected = () => {
    const { stores } = caches.stats();
    return stores === null || (stores.responses.connected && stores.results.connected);
  };
  while (!connected()) await delay(10);
  return caches;
}
const read = async (caches: Caches, path: string, init: RequestInit = {}) => {
  const fetch = caches.fetchFor('catalogue', { keyByBody: true });
  return await (await fetch(`${origin}${path}`, init)).text();
};

print('A process requests a title and exits. Another process requests the same title:');
{
  await using former = await open();
  await read(former, '/titles/7');
}
await using a = await open();
print(`  ${await read(a, '/titles/7')}, requests to the origin: ${requests}`);

print('It posts one query twice, and another query once:');
await read(a, '/query', { method: 'POST', body: '{ title(id: 7) }' });
await read(a, '/query', { method: 'POST', body: '{ title(id: 7) }' });
await read(a, '/query', { method: 'POST', body: '{ title(id: 8) }' });
print(`  requests to the origin: ${requests}`);

print('Two processes call a cached function at the same time:');
await using b = await open();
let calls = 0;
async function lookUp(id: number) {
  calls += 1;
  await delay(20);
  return { id };
}
const lookUps = [a, b].map((caches) => caches.cachedResult(lookUp, { ttlS: 60 }));
await Promise.all(lookUps.map((cached) => cached(7)));
print(`  function called ${calls} time`);

server.close();
