import { isIP } from 'node:net';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';

/** Domains that the public DNS does not resolve: RFC 6762, RFC 8375, and those that ICANN reserves or routers use. */
const PRIVATE_DOMAINS = ['local', 'lan', 'internal', 'home.arpa'];

/**
 * Refuses requests whose Host names no host of a private network, because of DNS rebinding: a web page whose
 * name resolves to this machine could read everything that needs no key. It sends its own name as Host.
 * Requests without a Host, which no browser sends, are served.
 * @param allowed host names that are served besides, in lower case; `*` serves any, `*.example.com` its subdomains
 * @throws RoundhouseError `host_not_allowed`, in the hook that is added
 */
export function allowHosts(api: Api, allowed: readonly string[]): void {
  if (allowed.includes('*')) return;
  const isAllowed = createHostCheck(allowed);
  /** Most requests have the same Host as the one before. */
  let last: string | undefined;
  api.addHook('onRequest', (request, _reply, done) => {
    const { host } = request.headers;
    if (host === last || !host || isAllowed(host)) {
      last = host;
      return done();
    }
    const message = `Requests for the host ${JSON.stringify(host)} are refused: add its name to ALLOWED_HOSTS, or use the IP address`;
    done(new RoundhouseError('host_not_allowed', message));
  });
}

/** Returns a function that checks the value of a Host header. */
function createHostCheck(allowed: readonly string[]): (host: string) => boolean {
  const names = new Set(allowed.filter((name) => !name.startsWith('*.')));
  const domains = [
    ...PRIVATE_DOMAINS,
    ...allowed.filter((name) => name.startsWith('*.')).map((name) => name.slice(2)),
  ];
  return (host) => {
    const name = nameOf(host);
    if (name === null) return false;
    return (
      isIP(name) !== 0 ||
      !name.includes('.') ||
      names.has(name) ||
      domains.some((domain) => name.endsWith(`.${domain}`))
    );
  };
}

/** The host in a Host header, in lower case, without port, brackets and final dot; null if it is malformed. */
function nameOf(host: string): string | null {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d*)?$/i.exec(host) ?? [];
  if (address !== undefined) return isIP(address) === 6 ? address : null;
  return name?.toLowerCase().replace(/\.$/, '') ?? null;
}
