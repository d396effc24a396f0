import { type AppCode, mainFileOf, RESERVED_FOLDER } from './app-code.ts';
import { hostPage, workerScript } from './host-pages.ts';
import type { Manifest } from './manifest-schema.ts';

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  mjs: 'text/javascript; charset=utf-8',
  png: 'image/png',
  py: 'text/x-python; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webp: 'image/webp',
  woff2: 'font/woff2',
  xml: 'application/xml',
};

/** Responds to a request for the host of an app. */
export type SiteHandler = (request: Request) => Response;

/**
 * Returns a function that serves the code of an app. The entry page is `/`: the main file of a `window`, and otherwise
 * a page around it.
 * @param pyodideUrl PYODIDE_URL
 */
export function createSite(manifest: Manifest, { source, files }: AppCode, pyodideUrl: string): SiteHandler {
  const main = mainFileOf(manifest);
  const contents = new Map<string, { body: Buffer; type: string }>();
  const add = (path: string, body: Buffer, type = typeOf(path)) => contents.set(`/${path}`, { body, type });
  for (const { path, content, encoding = 'utf8' } of files) add(path, Buffer.from(content, encoding));
  if (source !== undefined) add(main, Buffer.from(source), source && typeOfMain(manifest, main));
  if (manifest.type === 'web-worker') add(`${RESERVED_FOLDER}worker.js`, Buffer.from(workerScript(main)));
  const page =
    manifest.type === 'window'
      ? contents.get(`/${main}`)!
      : toPage(hostPage(manifest, { main, files, pyodideUrl }));
  return (request) => {
    const path = decode(new URL(request.url).pathname);
    const found = path === '/' ? page : contents.get(path);
    if (!found) return new Response('There is no such file in this app', { status: 404 });
    if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status: 405 });
    const headers = { 'content-type': found.type, 'cache-control': 'no-cache' };
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(found.body), { headers });
  };
}

function toPage(html: string) {
  return { body: Buffer.from(html), type: TYPES.html! };
}

/** The main file of a page is HTML whatever its name. */
function typeOfMain({ type }: Manifest, path: string): string {
  if (type === 'window' || type === 'iframe') return TYPES.html!;
  return type === 'web-worker' ? TYPES.js! : typeOf(path);
}

function typeOf(path: string): string {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(TYPES, ending) && TYPES[ending]) || 'application/octet-stream';
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
