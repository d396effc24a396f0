/**
 * A substitute for tecnativa/docker-socket-proxy that follows the rules in its documentation: a section of Docker's API
 * is allowed if the variable with its name is 1; writes also require POST=1. It prints every rejected request to
 * standard output. It is a single file without dependencies, so that it can be mounted into a container.
 * @see https://github.com/Tecnativa/docker-socket-proxy
 */
import { createServer, request } from 'node:http';

createServer((incoming, outgoing) => {
  const { method = '', url = '', headers } = incoming;
  const section = /^(?:\/v[\d.]+)?\/_?([a-z]+)/.exec(url)?.[1]?.toUpperCase() ?? '';
  const mayWrite = method === 'GET' || method === 'HEAD' || process.env.POST === '1';
  if (!mayWrite || process.env[section] !== '1') {
    process.stdout.write(`rejected ${method} ${url}\n`);
    outgoing.writeHead(403).end();
    return;
  }
  const socketPath = '/var/run/docker.sock';
  const upstream = request({ socketPath, method, path: url, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    outgoing.flushHeaders();
    response.pipe(outgoing);
  });
  outgoing.on('close', () => upstream.destroy());
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}).listen(2375);
