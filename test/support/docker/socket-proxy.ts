/**
 * A stand-in for tecnativa/docker-socket-proxy, by the rules of its documentation: a part of Docker's API is
 * open where the variable named after it is 1; anything but reading needs POST=1 as well. It writes every
 * request that it refuses to standard output. One file with nothing but Node, to be mounted into a container.
 */
import { createServer, request } from 'node:http';

createServer((incoming, outgoing) => {
  const { method = '', url = '', headers } = incoming;
  const part = /^(?:\/v[\d.]+)?\/_?([a-z]+)/.exec(url)?.[1]?.toUpperCase() ?? '';
  const mayWrite = method === 'GET' || method === 'HEAD' || process.env.POST === '1';
  if (!mayWrite || process.env[part] !== '1') {
    process.stdout.write(`refused ${method} ${url}\n`);
    outgoing.writeHead(403).end();
    return;
  }
  const socketPath = '/var/run/docker.sock';
  const onward = request({ socketPath, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    answer.pipe(outgoing);
  });
  outgoing.on('close', () => onward.destroy());
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}).listen(2375);
