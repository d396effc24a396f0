import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const DAY_S = 86_400;

/** A page with everything a profile keeps. `state()` describes it. */
const PAGE = `<!doctype html><title>Site</title><script>
const request = indexedDB.open('records', 1);
const database = new Promise((resolve, reject) => {
  request.onupgradeneeded = () => request.result.createObjectStore('rows', { keyPath: 'id' });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
async function fill() {
  for (let i = 0; i < 50; i += 1) localStorage.setItem('key' + i, 'value ' + i);
  const transaction = (await database).transaction('rows', 'readwrite');
  for (let id = 0; id < 300; id += 1) transaction.objectStore('rows').put({ id, text: 'row '.repeat(20) + id });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  await navigator.serviceWorker.register('/worker.js');
  await navigator.serviceWorker.ready;
}
async function addRow(id) {
  const transaction = (await database).transaction('rows', 'readwrite');
  transaction.objectStore('rows').put({ id, text: 'one more' });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
}
async function state() {
  const rows = await settled((await database).transaction('rows').objectStore('rows').count());
  const cached = await caches.match('/large');
  return {
    user: await (await fetch('/whoami')).text(),
    localStorage: localStorage.length,
    rows,
    worker: (await navigator.serviceWorker.getRegistrations()).length,
    cachedBytes: cached ? (await cached.arrayBuffer()).byteLength : 0,
  };
}
</script>`;

const WORKER = `
self.addEventListener('install', (event) => {
  event.waitUntil(caches.open('v1').then((cache) => cache.add('/large')));
  self.skipWaiting();
});`;

/** What `state()` returns after a log-in and `fill()`. */
export const FULL_STATE = {
  user: 'alice, with a session',
  localStorage: 50,
  rows: 300,
  worker: 1,
  cachedBytes: 1_600_000,
};

/** A site with a log-in, on a free port of 127.0.0.1. `localhost` is a secure context, as service workers need. */
export async function startSite(): Promise<AsyncDisposable & { url: string; server: Server }> {
  const server = createServer(({ url, headers }, response) => {
    switch (url) {
      case '/login':
        response.setHeader('set-cookie', [
          `login=alice; HttpOnly; Path=/; Max-Age=${DAY_S}`,
          'visit=now; HttpOnly; Path=/',
        ]);
        response.setHeader('content-type', 'text/html').end(PAGE);
        break;
      case '/whoami': {
        const cookies = headers.cookie ?? '';
        const user = cookies.includes('login=alice') ? 'alice' : 'nobody';
        response.setHeader('cache-control', 'no-store');
        response.end(`${user}, ${cookies.includes('visit=now') ? 'with' : 'without'} a session`);
        break;
      }
      case '/worker.js':
        response.setHeader('content-type', 'text/javascript').end(WORKER);
        break;
      case '/large':
        response.end(Buffer.alloc(FULL_STATE.cachedBytes, 'cached '));
        break;
      default:
        response.setHeader('content-type', 'text/html').end(PAGE);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
