/** A range of ports, both ends included. */
export interface PortRange {
  first: number;
  last: number;
}

/** Name and value of a container label. */
export interface Label {
  name: string;
  value: string;
}

/** Parses `first-last`. @throws Error unless both are ports in ascending order */
export function parsePortRange(text: string): PortRange {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (range.first >= 1 && range.last >= range.first && range.last <= 65_535) return range;
  throw new Error('must be a range of ports from 1 to 65535, such as 19000-19999');
}

/** Parses `name=value`. The value can contain `=`. @throws Error unless both are given and ASCII */
export function parseLabel(text: string): Label {
  const at = text.indexOf('=');
  if (/^[a-zA-Z0-9._/-]+=[\x20-\x7e]+$/.test(text))
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  throw new Error('must be name=value, in ASCII');
}

const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
/** The smallest limit that Docker accepts, in bytes. */
const MIN_MEMORY = 6 * 2 ** 20;

/**
 * Parses a number of bytes with an optional suffix: k, m, g, kb, mb or gb, all powers of 1024.
 * @returns bytes
 * @throws Error if it is malformed or below 6 MiB
 */
export function parseMemorySize(text: string): number {
  const [, amount, unit] = /^(\d+)([kmg]?)b?$/i.exec(text) ?? [];
  const bytes = Number(amount) * UNITS[(unit ?? '').toLowerCase() as keyof typeof UNITS];
  if (bytes >= MIN_MEMORY && Number.isSafeInteger(bytes)) return bytes;
  throw new Error('must be a size of at least 6m, such as 512m or 2g');
}

/** Validates `*` or an origin. @throws Error for any other text @see https://www.rfc-editor.org/rfc/rfc6454 */
export function parseOrigin(text: string): string {
  if (text === '*' || URL.parse(text)?.origin === text) return text;
  throw new Error('must be * or an origin without a path, such as http://panel.example:8080');
}

const HOST_PATTERN = /^(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*)$/;

/**
 * Parses host names separated by commas, each `name`, `*.domain` or `*`.
 * @returns the names in lower case
 * @throws Error for anything else, such as a port
 */
export function parseHosts(text: string): string[] {
  const hosts = text.split(',').map((host) => host.trim().toLowerCase());
  if (hosts.every((host) => HOST_PATTERN.test(host))) return hosts;
  throw new Error('must be host names separated by commas, without ports, such as panel.example.com');
}

/** Validates the address of an orchestrator. @throws Error unless it is an http or https origin */
export function parseClusterUrl(text: string): string {
  const origin = text.replace(/\/$/, '');
  if (/^https?:/.test(origin) && URL.parse(origin)?.origin === origin) return origin;
  throw new Error('must be an http or https URL without a path, such as http://10.0.0.5:8000');
}

/**
 * Validates addresses of Docker daemons, separated by commas.
 * @returns them without spaces
 * @throws Error unless each is `unix:///path`, or `tcp:` or `http:` with a host and perhaps a port
 */
export function parseDockerHosts(text: string): string {
  const hosts = text.split(',').map((host) => host.trim());
  const isHost = (host: string) => {
    const url = URL.parse(host.replace(/^tcp:/, 'http:'));
    return url?.protocol === 'http:' && url.href === `http://${url.host}/`;
  };
  if (hosts.every((host) => /^unix:\/\/\/[^\s]+$/.test(host) || isHost(host))) return hosts.join(',');
  throw new Error('must be unix:///path or tcp://host:port');
}

/** Validates a prefix of Redis keys. @throws Error unless it has 1 to 64 allowed characters */
export function parsePrefix(text: string): string {
  if (/^[a-zA-Z0-9_.:-]{1,64}$/.test(text)) return text;
  throw new Error('must be 1 to 64 letters, digits and . : _ -');
}

/** Validates an http or https URL. @returns the URL without trailing slashes @throws Error for any other text */
export function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return text.replace(/\/+$/, '');
  throw new Error('must be an http or https URL');
}

/** A name, which may contain `*`, an address or a range of addresses, each with an optional port. */
const DESTINATION =
  /^([\w*-]+(\.[\w*-]+)*|[\d.]+\/\d{1,2}|\[[\da-f:.]+(\/\d{1,3})?\]|[\da-f]*:[\da-f:.]*:[\da-f:.]*(\/\d{1,3})?)(:\d{1,5})?$/i;

/**
 * Parses destinations separated by commas, such as `10.0.0.5:8080`, `10.0.0.0/8` or `*.internal`.
 * @throws Error for anything else, such as a URL
 */
export function parseDestinations(text: string): string[] {
  const destinations = text.split(',').map((destination) => destination.trim());
  if (destinations.every((destination) => DESTINATION.test(destination))) return destinations;
  throw new Error('must be names, addresses or ranges separated by commas, such as 10.0.0.5:8080');
}

/** Validates a path such as `/roundhouse`. @returns it without slashes at its end @throws Error for any other text */
export function parseBasePath(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (/^(\/[\w.~-]+)*$/.test(path) && !/\/\.{1,2}(\/|$)/.test(path)) return path;
  throw new Error('must be a path such as /roundhouse');
}

/** Validates an address or host name. @throws Error for any other text */
export function parseHostName(text: string): string {
  if (/^[a-zA-Z0-9_.:-]+$/.test(text)) return text;
  throw new Error('must be an address or host name');
}
