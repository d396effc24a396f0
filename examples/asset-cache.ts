/**
 * A tour of `roundhouse/asset-cache`. Run it from the root of the project:
 *
 *     node --conditions=roundhouse:source examples/asset-cache.ts
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssetCache, formatBytes } from 'roundhouse/asset-cache';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** The site: its page names the script of one version and the next time that of the other. */
const sent = { pages: 0, scripts: 0, bytes: 0 };
const server = createServer((request, response) => {
  if (request.url === '/') {
    sent.pages += 1;
    response.end(`/app/${sent.pages % 2 === 1 ? 'A' : 'B'}/main.dart.js`);
    return;
  }
  const script = `// ${request.url}\n`.repeat(2000);
  sent.scripts += 1;
  sent.bytes += script.length;
  response.setHeader('etag', `"${request.url}"`).end(script);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function scriptUrl(): Promise<string> {
  return site + (await (await fetch(site)).text());
}

async function download(url: string): Promise<string> {
  return (await fetch(url)).text();
}

const dir = await mkdtemp(join(tmpdir(), 'assets-'));
const hidePort = (line: string) => line.replace(site, 'https://site.example');
await using cache = new AssetCache({ dir, log: (line) => print(`  ${hidePort(line)}`) });

print('Three lines, for six page loads:');
for (let load = 0; load < 6; load += 1) {
  const url = await scriptUrl();
  let [content] = (await cache.load(url)) ?? [];
  if (!content) content = Buffer.from(await download(url));
  if (!(await cache.load(url))) await cache.save(url, content);
}
print(`  ${sent.scripts} downloads, ${formatBytes(sent.bytes)}.`);

print('The same in one, for 20 callers at once after the cache was cleared:');
await cache.clear();
const url = await scriptUrl();
sent.scripts = 0;
const answers = await Promise.all(Array.from({ length: 20 }, () => cache.getOrFetch(url)));
const same = new Set(answers.map(([content]) => content.toString())).size === 1;
print(`  ${sent.scripts} download, ${same ? 'the same' : 'not the same'} content for all.`);

await cache.getOrFetch(await scriptUrl());
for (const { version, size, fresh } of await cache.versions(url)) {
  print(`  version ${version}: ${formatBytes(size)}, ${fresh ? 'fresh' : 'old'}`);
}

server.close();
await cache.close();
await rm(dir, { recursive: true });
