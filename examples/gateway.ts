/**
 * A tour of `roundhouse/gateway`, with a plain HTTP client in place of a browser. Run it from the root of the
 * project:
 *
 *     node --conditions=roundhouse:source examples/gateway.ts
 */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Lane, openGateway } from 'roundhouse/gateway';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** The origin: a library that says nothing about caching. */
let requests = 0;
const server = createServer((incoming, response) => {
  requests += 1;
  response.end(`source of ${incoming.url}`);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Requests a URL through a lane, as a browser would. */
async function get(lane: Lane, url: string): Promise<string> {
  const sent = request({ host: '127.0.0.1', port: lane.port, path: url, agent: false }).end();
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return `${response.statusCode} ${text}`;
}

await using gateway = await openGateway();
const options = {
  namespace: 'notebook',
  rules: [{ match: '*.js', force: true, ttlS: 3600 }],
  allow: ['127.0.0.1'],
};

const first = await gateway.openLane(options);
print(`First session: ${await get(first, `${origin}/library.js`)}`);
await first.close();

const second = await gateway.openLane(options);
print(`Second session: ${await get(second, `${origin}/library.js`)}; requests to the origin: ${requests}`);

second.setMode('offline');
server.close();
print(`Offline: ${await get(second, `${origin}/library.js`)}`);
print(
  `Missing: ${(await get(second, `${origin}/other.js`)).slice(0, 3)}; ${second.misses().length} miss listed`,
);

const { hits, bytesSaved } = gateway.stats('notebook');
print(`${hits} hits, ${bytesSaved} bytes saved.`);

const closed = await gateway.openLane({ namespace: 'notebook' });
print(`Without permission: ${(await get(closed, `${origin}/library.js`)).slice(0, 3)}`);
