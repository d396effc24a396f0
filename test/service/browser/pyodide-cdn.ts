import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Origin, startOrigin } from './support.ts';

const PYODIDE = dirname(createRequire(import.meta.url).resolve('pyodide'));
const TYPES: Record<string, string> = {
  mjs: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
  zip: 'application/zip',
};

/** Starts a server with the files of Pyodide from its npm package, in place of its CDN. */
export function startPyodideCdn(): Promise<Origin> {
  return startOrigin(({ url }, response) => {
    const name = url!.slice(1);
    const type = TYPES[name.split('.').at(-1)!];
    const headers = { 'access-control-allow-origin': '*', ...(type && { 'content-type': type }) };
    response.writeHead(200, headers).end(readFileSync(join(PYODIDE, name)));
  });
}
