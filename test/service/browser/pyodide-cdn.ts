import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Origin, startOrigin } from './support.ts';
import type { Wheel } from './wheel.ts';

const PYODIDE = dirname(createRequire(import.meta.url).resolve('pyodide'));
const TYPES: Record<string, string> = {
  mjs: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
  zip: 'application/zip',
};

/**
 * Starts a server with the files of Pyodide from its npm package, in place of its CDN. The packages of the CDN are not in
 * it, except for those that are given.
 */
export function startPyodideCdn(wheels: readonly Wheel[] = []): Promise<Origin> {
  const files = new Map(wheels.map(({ fileName, bytes }) => [fileName, bytes]));
  const lock = JSON.parse(readFileSync(join(PYODIDE, 'pyodide-lock.json'), 'utf8'));
  for (const wheel of wheels) lock.packages[String(wheel.lock.name)] = wheel.lock;
  files.set('pyodide-lock.json', Buffer.from(JSON.stringify(lock)));
  return startOrigin(({ url }, response) => {
    const name = url!.slice(1);
    const type = TYPES[name.split('.').at(-1)!];
    const headers = { 'access-control-allow-origin': '*', ...(type && { 'content-type': type }) };
    response.writeHead(200, headers).end(files.get(name) ?? readFileSync(join(PYODIDE, name)));
  });
}
