/**
 * Builds the library as a complete package in dist/library. `npm pack ./dist/library` creates the tarball that
 * other projects install.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIBRARY, libraryManifest, libraryPages, ROOT } from './library-package.ts';

rmSync(LIBRARY, { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const { status, error } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (error) throw error;
if (status !== 0) process.exit(status ?? 1);

// The compiler rewrites the extensions of imports in JavaScript files, but not in declaration files.
for (const path of globSync('**/*.d.ts', { cwd: LIBRARY })) {
  const file = join(LIBRARY, path);
  const declarations = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    declarations.replaceAll(/((?:from |import |import\()["']\.[^"']*)\.ts(?=["'])/g, '$1.js'),
  );
}

writeFileSync(join(LIBRARY, 'package.json'), libraryManifest());
for (const [path, page] of libraryPages()) {
  mkdirSync(join(LIBRARY, path, '..'), { recursive: true });
  writeFileSync(join(LIBRARY, path), page);
}
copyFileSync(join(ROOT, 'LICENSE'), join(LIBRARY, 'LICENSE'));
cpSync(join(ROOT, 'examples'), join(LIBRARY, 'examples'), { recursive: true });
