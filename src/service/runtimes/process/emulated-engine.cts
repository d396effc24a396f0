/**
 * An emulated AceStream engine: it implements the engine's HTTP API but transfers no content. The program is
 * this single file without dependencies, so that it can be copied into an image. It is CommonJS and loads node:crypto on
 * use, because the loader of ES modules takes 11 MB of memory in each engine, and OpenSSL 2 MB.
 *
 *   node emulated-engine.cts --http-port 6878 [--https-port P] [--bind-all] [--exit-with-parent]
 *
 * `--https-port` is accepted for compatibility but not served, because Node cannot create certificates.
 * `--exit-with-parent` exits when standard input ends. Other flags are ignored.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

const { createServer } = process.getBuiltinModule('node:http');

const VERSION = { code: 3_017_000, platform: 'linux', version: '3.1.70-emulated' };
/** Above this the oldest session ends, as if its player had disconnected. */
const MAX_SESSIONS = 64;
const MAX_CONNECTIONS = 256;

const PREBUFFERING_S = 1;
const SPEED_PERIOD_S = 60;
const LIVE_WINDOW_S = 1800;
const PLAYBACK_LAG_S = 10;

/** Null packets: a valid MPEG transport stream without content. */
const NULL_PACKETS = Buffer.concat(
  Array.from({ length: 64 }, () => Buffer.alloc(188, 0xff).fill(Buffer.from([0x47, 0x1f, 0xff, 0x10]), 0, 4)),
);
const PLAYBACK_INTERVAL_MS = 200;

interface Session {
  id: string;
  infohash: string;
  /** The `pid` of the request: a player has one session at a time. */
  player: string | null;
  startedAtMs: number;
  startedAtEpochS: number;
}

const sessions = new Map<string, Session>();

function openSession(infohash: string, player: string | null): Session {
  for (const session of sessions.values()) {
    if (player !== null && session.player === player) sessions.delete(session.id);
  }
  const oldest = sessions.keys().next().value;
  if (oldest !== undefined && sessions.size >= MAX_SESSIONS) sessions.delete(oldest);
  const session = {
    id: randomId(),
    infohash,
    player,
    startedAtMs: performance.now(),
    startedAtEpochS: Math.floor(Date.now() / 1000),
  };
  sessions.set(session.id, session);
  log(`session ${session.id} of ${infohash} begins`);
  return session;
}

/** 32 hexadecimal digits. Sessions of emulated engines need no secrets. */
function randomId(): string {
  return Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
}

/** Returns the requested infohash. Content identified otherwise gets an infohash derived from its identifier. */
function readInfohash(query: URLSearchParams): { infohash: string } | { error: string } {
  for (const name of ['id', 'content_id', 'infohash', 'url', 'magnet']) {
    const value = query.get(name);
    if (value === null) continue;
    const infohash = infohashOf(name, value);
    return infohash === null ? { error: `failed to load content: bad ${name}` } : { infohash };
  }
  return { error: 'missing content: give id, content_id, infohash, url or magnet' };
}

function infohashOf(name: string, value: string): string | null {
  const derived = () => {
    const { createHash } = process.getBuiltinModule('node:crypto');
    return createHash('sha1').update(`${name}:${value}`).digest('hex');
  };
  const isHash = /^[0-9a-f]{40}$/i.test(value);
  if (name === 'infohash') return isHash ? value.toLowerCase() : null;
  if (name === 'magnet')
    return /^magnet:\?(?:.*&)?xt=urn:btih:([0-9a-f]{40})/i.exec(value)?.[1]?.toLowerCase() ?? null;
  if (name === 'url') return URL.canParse(value) ? derived() : null;
  return isHash ? derived() : null;
}

/** Statistics of a session, computed from its age: byte counters are the exact integral of the speeds. */
function statsOf(session: Session) {
  const age = (performance.now() - session.startedAtMs) / 1000;
  const seed = Number.parseInt(session.infohash.slice(0, 4), 16);
  const mean = 400 + (seed % 800);
  const swing = mean / 4;
  const angular = (2 * Math.PI) / SPEED_PERIOD_S;
  const speed = mean + swing * Math.sin(angular * age);
  const total = 1024 * (mean * age + (swing / angular) * (1 - Math.cos(angular * age)));
  const last = session.startedAtEpochS + Math.floor(age);
  return {
    status: age < PREBUFFERING_S ? 'prebuf' : 'dl',
    peers: 6 + (seed % 20) + Math.round(4 * Math.sin(angular * age)),
    speed_down: Math.round(speed),
    speed_up: Math.round(speed / 10),
    downloaded: Math.floor(total),
    uploaded: Math.floor(total / 10),
    total_progress: 0,
    is_live: 1,
    infohash: session.infohash,
    playback_session_id: session.id,
    livepos: {
      pos: String(last - PLAYBACK_LAG_S),
      live_first: String(last - LIVE_WINDOW_S),
      live_last: String(last),
      first_ts: String(last - LIVE_WINDOW_S),
      last_ts: String(last),
      is_live: '1',
      buffer_pieces: '30',
    },
  };
}

/** Response to a request: a text, or the playback of a session. */
type Reply = { status: number; headers: Record<string, string>; body: string } | { play: Session };

function json(body: unknown, status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

function failure(error: string, status = 200): Reply {
  return json({ response: null, error }, status);
}

const METHODS: Record<string, unknown> = {
  '/webui/api/service?get_version': { result: VERSION, error: null },
  '/server/api?get_status': { result: { playlist_loaded: true, version: VERSION } },
  '/server/api?get_network_connection_status': { result: { connected: true } },
};

/** Describes a content by its infohash or other identifier. */
function analyzeContent(query: URLSearchParams): Reply {
  const [, infohash] =
    /^acestream:\?(?:infohash|content_id)=([0-9a-f]{40})$/i.exec(query.get('query') ?? '') ?? [];
  if (infohash === undefined) return json({ result: null, error: 'failed to analyze content' });
  const result = {
    is_live: 1,
    item_url: null,
    transport_type: 'bt',
    content_type: 'transport_file',
    title: `Channel ${infohash.slice(0, 8)}`,
    content_id: null,
    infohash: infohash.toLowerCase(),
    categories: ['entertaining'],
  };
  return json({ result, error: null });
}

function callMethod(path: string, query: URLSearchParams): Reply {
  if (path === '/server/api' && query.get('method') === 'analyze_content') return analyzeContent(query);
  const name = `${path}?${query.get('method')}`;
  return json(METHODS[name] ?? { result: null, error: 'unknown method' });
}

function getStream(origin: string, query: URLSearchParams): Reply {
  const content = readInfohash(query);
  if ('error' in content) return failure(content.error);
  const session = openSession(content.infohash, query.get('pid'));
  const path = `${session.infohash}/${session.id}`;
  const playbackUrl = `${origin}/ace/r/${path}`;
  if (query.get('format') !== 'json') {
    return { status: 302, headers: { Location: playbackUrl }, body: '' };
  }
  const response = {
    playback_url: playbackUrl,
    stat_url: `${origin}/ace/stat/${path}`,
    command_url: `${origin}/ace/cmd/${path}`,
    infohash: session.infohash,
    playback_session_id: session.id,
    is_live: 1,
    is_encrypted: 0,
    client_session_id: -1,
  };
  return json({ response, error: null });
}

function useSession(kind: string, session: Session, query: URLSearchParams): Reply {
  if (kind === 'r') return { play: session };
  if (kind === 'stat') return json({ response: statsOf(session), error: null });
  if (query.get('method') !== 'stop') return failure('unknown method');
  sessions.delete(session.id);
  log(`session ${session.id} is stopped`);
  return json({ response: 'ok', error: null });
}

function route({ method, url = '', headers }: IncomingMessage): Reply {
  if (method !== 'GET' && method !== 'HEAD') return failure('method not allowed', 405);
  // Not parsed as a URL, because some valid request targets are not valid URLs.
  const [, path = '', search = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? [];
  const query = new URLSearchParams(search);
  if (path === '/webui/api/service' || path === '/server/api') return callMethod(path, query);
  if (path === '/ace/getstream') return getStream(`http://${headers.host ?? `127.0.0.1:${port}`}`, query);

  const [, kind, infohash, id] = /^\/ace\/(r|stat|cmd)\/(\w+)\/(\w+)$/.exec(path) ?? [];
  if (kind === undefined || id === undefined) return failure('not found', 404);
  const session = sessions.get(id);
  if (session === undefined || session.infohash !== infohash) return failure('unknown playback session id');
  return useSession(kind, session, query);
}

function play(session: Session, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'video/mp2t' }).flushHeaders();
  const timer = setInterval(() => {
    if (!sessions.has(session.id)) response.end();
    else if (!response.writableNeedDrain) response.write(NULL_PACKETS);
  }, PLAYBACK_INTERVAL_MS);
  response.once('close', () => clearInterval(timer));
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Server', 'roundhouse-emulated-engine');
  const reply = route(request);
  if (!('play' in reply)) response.writeHead(reply.status, reply.headers).end(reply.body);
  else if (request.method === 'HEAD') response.writeHead(200, { 'Content-Type': 'video/mp2t' }).end();
  else play(reply.play, response);
}

function log(message: string): void {
  process.stdout.write(`${new Date().toISOString()} ${message}\n`);
}

function readPort(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_535) return value;
  process.stderr.write('--http-port must be a port from 1 to 65535\n');
  process.exit(2);
}

/** Returns the value of a flag: `--name value` or `--name=value`. `util.parseArgs` takes 2 MB of memory. */
function valueOfFlag(name: string): string | undefined {
  const args = process.argv.slice(2);
  const index = args.findLastIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  const [, value] = args[index]?.split('=') ?? [];
  return index === -1 ? undefined : (value ?? args[index + 1] ?? '');
}

const port = readPort(valueOfFlag('--http-port') ?? '6878');
const exit = () => process.exit(0);
process.on('SIGTERM', exit).on('SIGINT', exit);
if (process.argv.includes('--exit-with-parent'))
  process.stdin.on('error', exit).on('end', exit).on('close', exit).resume();

const server = createServer(handle);
server.maxConnections = MAX_CONNECTIONS;
server.on('error', (error) => {
  process.stderr.write(`cannot listen on port ${port}: ${error.message}\n`);
  process.exit(1);
});
// The reader of standard output may have exited.
process.stdout.on('error', () => {});
server.once('listening', () => log(`emulated engine ${VERSION.version} serves on port ${port}`));
// Without an address, Node listens on all addresses, IPv6 included if available.
if (process.argv.includes('--bind-all')) server.listen(port);
else server.listen(port, '127.0.0.1');
