import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KeyedCertificate } from '../../../src/library/gateway/tls/certificate.ts';
import { type Origin, startOrigin } from './support.ts';

const FOLDER = dirname(createRequire(import.meta.url).resolve('pyodide/package.json'));
const { version } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'));
const CHUNK_BYTES = 64 * 1024;

/** Hosts of the page and of Pyodide's CDN, for which the site responds. */
export const PYODIDE_HOSTS = ['app.test', 'cdn.jsdelivr.net'];
/** URL of the page. It sets `result` to `'10'` when Python has run. */
export const PYODIDE_PAGE = 'https://app.test/';
/** Files that Pyodide requests, in alphabetical order. */
export const PYODIDE_FILES = [
  'pyodide-lock.json',
  'pyodide.asm.mjs',
  'pyodide.asm.wasm',
  'pyodide.mjs',
  'python_stdlib.zip',
];

const BASE = `https://cdn.jsdelivr.net/pyodide/v${version}/full/`;
const PAGE = `<!doctype html><title>Python</title><script type="module">
import { loadPyodide } from '${BASE}pyodide.mjs';
try {
  const python = await loadPyodide({ indexURL: '${BASE}' });
  globalThis.result = String(python.runPython('sum(range(5))'));
} catch (error) {
  globalThis.result = String(error);
}
</script>`;

const TYPES: Record<string, string> = {
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  json: 'application/json',
  zip: 'application/zip',
};

/** How fast a site sends. */
export interface Throttle {
  /** Of all its responses together. */
  readonly bytesPerS: number;
  /** Before each response. */
  readonly latencyMs: number;
}

/**
 * Serves a page with Pyodide, and the files of the npm package with the header fields of its CDN.
 * @param certificate another one than that of the test authority
 */
export function startPyodideSite(throttle: Throttle, certificate?: KeyedCertificate): Promise<Origin> {
  /** When the connection to the site is free again. */
  let freeAt = 0;
  const takeTurn = async (bytes: number) => {
    const startsAt = Math.max(performance.now(), freeAt);
    freeAt = startsAt + (bytes / throttle.bytesPerS) * 1000;
    await delay(freeAt - performance.now());
  };
  return startOrigin(
    async ({ url }, response) => {
      const file = url!.slice(url!.lastIndexOf('/') + 1);
      await delay(throttle.latencyMs);
      if (file === '') {
        response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'max-age=60' }).end(PAGE);
        return;
      }
      if (!PYODIDE_FILES.includes(file)) {
        response.writeHead(404).end();
        return;
      }
      const body = readFileSync(join(FOLDER, file));
      response.writeHead(200, {
        'content-type': TYPES[file.slice(file.lastIndexOf('.') + 1)]!,
        'content-length': String(body.length),
        'access-control-allow-origin': '*',
        'cache-control': 'public, max-age=31536000, s-maxage=31536000, immutable',
      });
      for (let start = 0; start < body.length && !response.destroyed; start += CHUNK_BYTES) {
        const chunk = body.subarray(start, start + CHUNK_BYTES);
        await takeTurn(chunk.length);
        response.write(chunk);
      }
      response.end();
    },
    { hosts: PYODIDE_HOSTS, ...(certificate && { certificate }) },
  );
}
