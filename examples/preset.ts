/**
 * A walk through `roundhouse/preset`, with a Redis at REDIS_URL. From the root of the project:
 *
 *     REDIS_URL=redis://localhost node --conditions=roundhouse:source examples/preset.ts
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Caches, openCaches, readCacheSettings } from 'roundhouse/preset';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A catalogue that is slow, counts who asks, and forbids to keep what it says. */
let asked = 0;
const server = createServer(async (request, response) => {
  asked += 1;
  for await (const _ of request);
  await delay(20);
  response.setHeader('cache-control', 'no-store');
  response.end(`${request.method} ${request.url}`);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const catalogue = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Two programs would look like this; here they are two halves of one. */
const settings = readCacheSettings({ ttlS: { catalogue: 600 } });
async function open() {
  const caches = openCaches(settings, { prefix: `example-${process.pid}` });
  const connected = () => {
    const { tiers } = caches.stats();
    return tiers === null || (tiers.responses.connected && tiers.results.connected);
  };
  while (!connected()) await delay(10);
  return caches;
}
const read = async (caches: Caches, path: string, init: RequestInit = {}) => {
  const fetch = caches.fetchFor('catalogue', { keyByBody: true });
  return await (await fetch(`${catalogue}${path}`, init)).text();
};

say('One program reads a title, and ends; another one asks for the same.');
{
  await using former = await open();
  await read(former, '/titles/7');
}
await using here = await open();
say(`  ${await read(here, '/titles/7')}: the catalogue was asked ${asked} time.`);

say('It sends a query twice, and another one.');
await read(here, '/query', { method: 'POST', body: '{ title(id: 7) }' });
await read(here, '/query', { method: 'POST', body: '{ title(id: 7) }' });
await read(here, '/query', { method: 'POST', body: '{ title(id: 8) }' });
say(`  Two bodies, two answers: it was asked ${asked} times.`);

say('Two look the same thing up.');
await using there = await open();
let lookedUp = 0;
async function lookUp(id: number) {
  lookedUp += 1;
  await delay(20);
  return { id };
}
const both = [here, there].map((caches) => caches.cachedResult(lookUp, { ttlS: 60 }));
await Promise.all(both.map((cached) => cached(7)));
say(`  The function ran ${lookedUp} time.`);

server.close();
