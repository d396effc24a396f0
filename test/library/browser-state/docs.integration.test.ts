import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from './support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the programs of docs/browser-state.md print what their comments say', async () => {
  const page = await readFile(join(ROOT, 'docs', 'browser-state.md'), 'utf8');
  const programs = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code!);
  expect(programs.length).toBeGreaterThan(0);
  const entry = JSON.stringify(join(ROOT, 'src/library/browser-state/index.ts'));
  for (const code of programs) {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'program.ts'), code.replaceAll("'roundhouse/browser-state'", entry));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const { stdout } = await promisify(execFile)(process.execPath, ['program.ts'], {
      cwd: folder,
      env: { ...process.env, TMPDIR: folder },
    });
    const expected = [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!);
    expect(stdout.trimEnd().split('\n')).toEqual(expected);
  }
});
