import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const OUT = fileURLToPath(new URL('../../dist/panel', import.meta.url));

/** Puts a compressed copy beside each text file; the service sends it to whoever takes it. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    async closeBundle() {
      const files = await readdir(OUT, { recursive: true });
      const texts = files.filter((name) => /\.(js|css|html|svg)$/.test(name)).map((name) => join(OUT, name));
      await Promise.all(
        texts.map(async (path) =>
          writeFile(`${path}.gz`, await promisify(gzip)(await readFile(path), { level: 9 })),
        ),
      );
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative: the panel may be served under any path.
  base: './',
  logLevel: 'warn',
  plugins: [compressed()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Data URLs are not in the content security policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
