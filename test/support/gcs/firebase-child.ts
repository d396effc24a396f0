/**
 * A process with the storage emulator of firebase-tools. Its argument is the folder where the package is installed; it
 * sends its URL. The emulator ignores preconditions, so this checks `ifGenerationMatch=0` before it forwards an upload.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

const [folder = ''] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
const { StorageEmulator } = load('firebase-tools/lib/emulator/storage');
const { EmulatorRegistry } = load('firebase-tools/lib/emulator/registry');
const { createApp } = load('firebase-tools/lib/emulator/storage/server');

const rules = { name: 'storage.rules', content: '' };
const emulator = new StorageEmulator({ projectId: 'test', host: '127.0.0.1', rules });
EmulatorRegistry.set('storage', emulator);
// Not emulator.start(), which runs the interpreter of rules, in Java. Requests of servers are not subject to rules.
const inner = createServer(await createApp('test', emulator));
let uploads: Promise<void> = Promise.resolve();

const outer = createServer((incoming, outgoing) => {
  const { pathname, searchParams } = new URL(incoming.url!, 'http://localhost');
  const [, bucket = ''] = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(pathname) ?? [];
  if (bucket === '') {
    void buffer(incoming).then((body) => forward(incoming, body, outgoing));
    return;
  }
  const before = uploads;
  // One upload after another, so that no other is between the check and the upload.
  uploads = (async () => {
    const body = await buffer(incoming);
    await before;
    const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(searchParams.get('name') ?? '')}`;
    if (searchParams.get('ifGenerationMatch') === '0' && (await exists(path))) refuse(outgoing);
    else await forward(incoming, body, outgoing);
  })();
});

const port = await listen(inner);
process.send?.(`http://127.0.0.1:${await listen(outer)}`);

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function exists(path: string): Promise<boolean> {
  const sent = request({ host: '127.0.0.1', port, path }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode === 200;
}

async function forward(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): Promise<void> {
  const { method, url, headers } = incoming;
  const sent = request({ host: '127.0.0.1', port, method, path: url, headers }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  outgoing.writeHead(response.statusCode!, response.headers).end(await buffer(response));
}

function refuse(outgoing: ServerResponse): void {
  const message = 'At least one of the pre-conditions you specified did not hold.';
  outgoing.writeHead(412, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ error: { code: 412, message } }));
}
