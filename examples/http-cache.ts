/**
 * A tour of `roundhouse/http-cache`. Run it from the root of the project:
 *
 *     node --conditions=roundhouse:source examples/http-cache.ts
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpCache } from 'roundhouse/http-cache';
import { Agent, request } from 'undici';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** The origin: a timetable that is fresh for a minute, and a platform that must not be stored. */
let requests = 0;
const server = createServer((incoming, response) => {
  requests += 1;
  if (incoming.headers['if-none-match'] === '"summer"') {
    response.writeHead(304, { 'cache-control': 'max-age=60' }).end();
  } else if (incoming.url === '/timetable') {
    response.writeHead(200, { 'cache-control': 'max-age=60', etag: '"summer"' }).end('the 8:15 to the coast');
  } else {
    response.writeHead(200, { 'cache-control': 'no-store' }).end('platform 3');
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

await using cache = createHttpCache({
  services: { platforms: { ttlS: 30, forceCache: true } },
});
const dispatcher = new Agent();

const cacheStatus = (response: { headers: { get(name: string): string | null } }) =>
  response.headers.get('cache-status');

print('50 concurrent requests for the timetable:');
const responses = await Promise.all(
  Array.from({ length: 50 }, () => cache.fetch(`${origin}/timetable`, { dispatcher })),
);
const texts = new Set(await Promise.all(responses.map((response) => response.text())));
print(`  all received "${[...texts].join()}"; requests to the origin: ${requests}`);

print('Another request:');
print(`  ${cacheStatus(await cache.fetch(`${origin}/timetable`, { dispatcher }))}`);

print('A request with cache mode no-cache, which validates the stored response:');
const validated = await cache.fetch(`${origin}/timetable`, { cache: 'no-cache', dispatcher });
print(`  ${cacheStatus(validated)}: ${await validated.text()}`);

print('A range, through undici and the interceptor:');
const range = await request(`${origin}/timetable`, {
  dispatcher: dispatcher.compose(cache.interceptor()),
  headers: { range: 'bytes=-5' },
});
print(`  ${range.statusCode}: ${await range.body.text()}`);

print('The platform has Cache-Control: no-store. The service "platforms" stores it for 30 s nevertheless:');
for (const client of [cache, cache, cache.service('platforms'), cache.service('platforms')]) {
  const response = await client.fetch(`${origin}/platforms`, { dispatcher });
  print(`  ${await response.text()}; ${cacheStatus(response)}`);
}

const { hits, misses, collapsed, revalidated } = cache.stats();
print(`${hits} hits, ${misses} misses (${collapsed} collapsed), ${revalidated} revalidated.`);

await dispatcher.close();
server.close();
