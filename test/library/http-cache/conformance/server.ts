/**
 * The conformance suite's origin server, run as a child process. The suite's own script listens on all
 * addresses and a fixed port, so this one uses its handlers with a different listener.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import handleConfig from 'http-cache-tests/server/handle-config.mjs';
import handleState from 'http-cache-tests/server/handle-state.mjs';
import handleTest from 'http-cache-tests/server/handle-test.mjs';

const HANDLERS = new Map([
  ['config', handleConfig],
  ['state', handleState],
  ['test', handleTest],
]);

const server = createServer((request, response) => {
  const [, kind, ...segments] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
  const handle = HANDLERS.get(kind ?? '');
  if (handle) handle(segments, request, response);
  else response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
