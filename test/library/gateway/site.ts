import { createHash } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Origin, startOrigin } from './support.ts';

/** The smallest WebAssembly module: a header and a version. */
const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
/** 10 MB that do not compress. */
const LARGE = Buffer.alloc(10_000_000);
for (let i = 0; i < LARGE.length; i += 4) LARGE.writeUInt32LE((i * 2_654_435_761) % 2 ** 32, i);

const SCRIPT = 'text/javascript';

/** What a path responds with: a media type and a body. */
const RESOURCES: Record<string, [type: string, body: string | Buffer]> = {
  '/': ['text/html', '<!doctype html><title>site</title><body><script src="/page.js"></script>'],
  '/page.js': [SCRIPT, 'window.pageScript = true'],
  '/data': ['text/plain', 'data'],
  '/large': ['application/octet-stream', LARGE],
  '/module.wasm': ['application/wasm', WASM],
  '/imported.js': [SCRIPT, 'self.imported = true'],
  '/worker.js': [
    SCRIPT,
    'importScripts("/imported.js"); fetch("/from-worker").then((r) => r.text()).then((text) => postMessage([self.imported, text]), (error) => postMessage(String(error)))',
  ],
  '/from-worker': ['text/plain', 'worker data'],
  '/shared.js': [
    SCRIPT,
    'onconnect = ({ ports: [port] }) => fetch("/from-shared").then((r) => r.text()).then((text) => port.postMessage(text), (error) => port.postMessage(String(error)))',
  ],
  '/from-shared': ['text/plain', 'shared data'],
  '/service-worker.js': [
    SCRIPT,
    'oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim()); onfetch = (event) => { if (event.request.url.includes("via-sw")) event.respondWith(fetch("/from-sw")) }',
  ],
  '/from-sw': ['text/plain', 'service worker data'],
  '/popup': ['text/html', '<!doctype html><title>popup</title><script src="/popup.js"></script>'],
  '/popup.js': [SCRIPT, 'window.popupScript = true'],
  '/frame': ['text/html', '<!doctype html><title>frame</title><script src="/frame.js"></script>'],
  '/frame.js': [SCRIPT, 'parent.postMessage("frame loaded", "*")'],
  '/redirected': ['text/plain', 'redirect target'],
  '/cors': ['text/plain', 'cors data'],
};

/** A site with one resource of each kind. All that are not said to be otherwise may be kept for an hour. */
export async function startSite(hosts: string[]): Promise<Origin> {
  const site = await startOrigin(respond, hosts.length > 0 ? { hosts } : {});
  site.server.on('upgrade', (request, socket: Socket) => {
    site.requests.push({ method: 'GET', url: request.url, httpVersion: '1.1', headers: request.headers });
    acceptWebSocket(request.headers['sec-websocket-key'], socket);
  });
  return site;
}

const respond: RequestListener = (request, response) => {
  const path = request.url!.split('?')[0]!;
  const cors = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'x-custom',
    'access-control-allow-methods': 'GET, PUT',
  };
  if (request.method === 'OPTIONS') {
    response.writeHead(204, cors).end();
  } else if (path === '/redirect') {
    response.writeHead(302, { location: '/redirected', 'cache-control': 'no-store' }).end();
  } else if (path === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('data: first\n\n');
    setTimeout(() => response.write('data: second\n\n'), 200);
  } else if (path === '/upload') {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.writeHead(200, cors).end(String(bytes)));
  } else if (path === '/media') {
    sendMedia(request.headers.range, response);
  } else if (RESOURCES[path]) {
    const [type, body] = RESOURCES[path];
    response.writeHead(200, {
      'content-type': type,
      'cache-control': path === '/' || path === '/service-worker.js' ? 'no-cache' : 'max-age=3600',
      ...cors,
    });
    response.end(body);
  } else response.writeHead(404, { 'cache-control': 'no-store' }).end();
};

/** A second of silence as a WAV file, with support for ranges. */
function sendMedia(range: string | undefined, response: ServerResponse): void {
  const samples = 8000 * 60;
  const file = Buffer.alloc(44 + samples, 0x80);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt32LE(8000, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples, 40);
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const start = Number(first);
  const end = last === '' ? file.length - 1 : Math.min(Number(last), file.length - 1);
  const headers = { 'content-type': 'audio/wav', 'accept-ranges': 'bytes', 'cache-control': 'no-store' };
  if (range === undefined) response.writeHead(200, headers).end(file);
  else {
    const contentRange = `bytes ${start}-${end}/${file.length}`;
    response.writeHead(206, { ...headers, 'content-range': contentRange }).end(file.subarray(start, end + 1));
  }
}

/** Accepts a WebSocket and returns its first short text message. */
function acceptWebSocket(key: string | undefined, socket: Socket): void {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.on('error', () => {});
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.once('data', (frame: Buffer) => {
    const length = frame[1]! & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = Buffer.from(frame.subarray(6, 6 + length)).map((byte, i) => byte ^ mask[i % 4]!);
    socket.write(Buffer.concat([Buffer.from([0x81, text.length + 5]), Buffer.from('echo '), text]));
  });
}
