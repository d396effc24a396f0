/**
 * A walk through `roundhouse/http-cache`. From the root of the project:
 *
 *     node --conditions=roundhouse:source examples/http-cache.ts
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpCache } from 'roundhouse/http-cache';
import { Agent, request } from 'undici';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A timetable that tells how long it holds, and one that says that it must not be kept. */
let asked = 0;
const server = createServer((incoming, response) => {
  asked += 1;
  if (incoming.headers['if-none-match'] === '"summer"') {
    response.writeHead(304, { 'cache-control': 'max-age=60' }).end();
  } else if (incoming.url === '/timetable') {
    response.writeHead(200, { 'cache-control': 'max-age=60', etag: '"summer"' }).end('the 8:15 to the coast');
  } else {
    response.writeHead(200, { 'cache-control': 'no-store' }).end('platform 3');
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const station = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

await using cache = createHttpCache({
  services: { platforms: { ttlS: 30, forceCache: true } },
});
const dispatcher = new Agent();

const how = (response: { headers: { get(name: string): string | null } }) =>
  response.headers.get('cache-status');

say('Fifty travellers ask for the timetable at once.');
const answers = await Promise.all(
  Array.from({ length: 50 }, () => cache.fetch(`${station}/timetable`, { dispatcher })),
);
const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
say(`  All of them read: ${[...texts].join()}. The station was asked ${asked} time.`);

say('One more asks.');
say(`  ${how(await cache.fetch(`${station}/timetable`, { dispatcher }))}`);

say('One does not trust it.');
const wary = await cache.fetch(`${station}/timetable`, { cache: 'no-cache', dispatcher });
say(`  ${how(wary)}: ${await wary.text()}, as it was.`);

say('One wants the end of it, by way of undici.');
const range = await request(`${station}/timetable`, {
  dispatcher: dispatcher.compose(cache.interceptor()),
  headers: { range: 'bytes=-5' },
});
say(`  ${range.statusCode}: ${await range.body.text()}`);

say('The platforms must not be kept, says the station. They are, for 30 s, where that is asked for.');
for (const face of [cache, cache, cache.service('platforms'), cache.service('platforms')]) {
  const response = await face.fetch(`${station}/platforms`, { dispatcher });
  say(`  ${await response.text()}; ${how(response)}`);
}

const { hits, misses, collapsed, revalidated } = cache.stats();
say(`${hits} hits, ${misses} misses (${collapsed} collapsed), ${revalidated} revalidated.`);

await dispatcher.close();
server.close();
