/**
 * Writes the service as JavaScript to build/: src/main.ts becomes build/main.js. Node.js can run the sources as they
 * are, but loads its TypeScript compiler for that, in every process: about 30 MB of memory and a tenth of a second. The
 * types are replaced by spaces, so stack traces show the lines and columns of the sources.
 *
 * Files that are newer than their source are left as they are. `npm start` runs this script, so that it always starts
 * the current sources.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build');
/** Relative paths of modules, in imports and in `new URL(…, import.meta.url)`. */
const MODULE_PATHS = /(?<=['"]\.\.?\/[^'"\n]*\.c?)ts(?=['"])/g;

const sources = globSync(['*.ts', 'library/**/*.ts', 'service/**/*.{ts,cts}'], { cwd: join(ROOT, 'src') });
const scripts = globSync('service/**/*.sh', { cwd: join(ROOT, 'src') });
const outputs = new Set([...sources.map((path) => path.replace(/ts$/, 'js')), ...scripts]);
for (const path of globSync('**/*.{js,cjs,sh}', { cwd: BUILD }))
  if (!outputs.has(path)) rmSync(join(BUILD, path));
for (const path of sources) compile(join(ROOT, 'src', path), join(BUILD, path.replace(/ts$/, 'js')));
// With their permissions.
for (const path of scripts) copyFileSync(join(ROOT, 'src', path), join(BUILD, path));

function compile(source: string, output: string): void {
  const written = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (written > statSync(source).mtimeMs) return;
  const code = stripTypeScriptTypes(readFileSync(source, 'utf8')).replaceAll(MODULE_PATHS, 'js');
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, code);
}
