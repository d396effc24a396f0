/**
 * Generates the documents below from the code. With `--check`, writes nothing and fails if a committed document differs
 * from the generated one.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeApiTypes } from './api-types-document.ts';
import { describeOpenApi } from './openapi-document.ts';
import { describeReference } from './reference-document.ts';
import { describePreset, describeSettings } from './settings-document.ts';

const documents = [
  { path: 'openapi/openapi.json', make: describeOpenApi },
  // Generated from the document above.
  { path: 'src/panel/lib/api-types.ts', make: describeApiTypes },
  { path: 'docs/configuration.md', make: describeSettings },
  { path: 'docs/library/preset.md', make: describePreset },
  { path: 'docs/library/reference.md', make: describeReference },
];
const check = process.argv.includes('--check');

for (const { path, make } of documents) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const generated = await make();
  if (!check) {
    await writeFile(file, generated);
    continue;
  }
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed === generated) continue;
  process.stderr.write(`${path} is out of date: run "npm run docs" and commit the result\n`);
  process.exitCode = 1;
}
