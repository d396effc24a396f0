/**
 * Makes openapi/openapi.json, docs/configuration.md and the settings in docs/library.md from the code; with `--check`, says whether the
 * committed ones are still what the code would make.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeOpenApi } from './openapi-document.ts';
import { describeLibrary, describeSettings } from './settings-document.ts';

const documents = [
  { path: 'openapi/openapi.json', make: describeOpenApi },
  { path: 'docs/configuration.md', make: describeSettings },
  { path: 'docs/library.md', make: describeLibrary },
];
const check = process.argv.includes('--check');

for (const { path, make } of documents) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const made = await make();
  if (!check) {
    await writeFile(file, made);
    continue;
  }
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed === made) continue;
  process.stderr.write(`${path} is not what the code makes: run npm run docs and commit it\n`);
  process.exitCode = 1;
}
