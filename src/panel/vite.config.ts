import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const OUT = fileURLToPath(new URL('../../dist/panel', import.meta.url));

/** Writes a gzip copy of each text file, which the service sends to clients that accept it. */
function gzipFiles(): Plugin {
  return {
    name: 'gzip-files',
    async closeBundle() {
      const files = await readdir(OUT, { recursive: true });
      const texts = files
        .filter((name) => /\.(js|css|html|svg|webmanifest)$/.test(name))
        .map((name) => join(OUT, name));
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
  // Relative, because the service may be behind a proxy that adds a path prefix.
  base: './',
  logLevel: 'warn',
  plugins: [gzipFiles()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The content security policy does not allow data URLs.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
