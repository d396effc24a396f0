/**
 * A substitute for wollomatic/socket-proxy that follows the rules in its documentation: a request is allowed if the whole
 * path matches the pattern of the flag for its method, such as `-allowGET=/_ping`. It responds with 405 if there is no
 * such flag, and with 403 if the path does not match, and prints both to standard output. Other flags are ignored. It is
 * a single file without dependencies, so that it can be mounted into a container.
 * @see https://github.com/wollomatic/socket-proxy
 */
import { createServer, request } from 'node:http';

/** Reads the patterns of the flags, by method. */
export function readRules(flags: readonly string[]): Map<string, RegExp[]> {
  const rules = new Map<string, RegExp[]>();
  for (const flag of flags) {
    const [, method, pattern] = /^-allow([A-Z]+)=(.*)$/.exec(flag) ?? [];
    if (method === undefined) continue;
    rules.set(method, [...(rules.get(method) ?? []), new RegExp(`^${pattern}$`)]);
  }
  return rules;
}

/** The status with which a request is rejected, or null if it is allowed. */
export function findRejection(rules: Map<string, RegExp[]>, method: string, url: string): 403 | 405 | null {
  const patterns = rules.get(method);
  const [path = ''] = url.split('?', 1);
  if (patterns === undefined) return 405;
  return patterns.some((pattern) => pattern.test(path)) ? null : 403;
}

function serve(rules: Map<string, RegExp[]>): void {
  createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const rejection = findRejection(rules, method, url);
    if (rejection !== null) {
      process.stdout.write(`rejected ${method} ${url}\n`);
      outgoing.writeHead(rejection).end();
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
}

if (import.meta.main) serve(readRules(process.argv.slice(2)));
