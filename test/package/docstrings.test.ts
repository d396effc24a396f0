import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|enum) (?<name>[\w$]+)/;

/** Finds exported declarations without a docstring. An overload uses that of the first. @returns `path:line name` of each */
function findUndocumented(path: string, source: string): string[] {
  const lines = source.split('\n');
  const documented = new Set<string>();
  const missing: string[] = [];
  for (const [index, line] of lines.entries()) {
    const name = DECLARATION.exec(line)?.groups?.name;
    if (name === undefined || documented.has(name)) continue;
    if (lines[index - 1]?.trimEnd().endsWith('*/')) documented.add(name);
    else missing.push(`${path}:${index + 1} ${name}`);
  }
  return missing;
}

const paths = globSync('src/{library,service}/**/*.ts', { cwd: ROOT }).sort();

test('every exported name of the library and the service has a docstring', () => {
  expect(paths.length).toBeGreaterThan(200);
  expect(paths.flatMap((path) => findUndocumented(path, readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
});

test('the check finds names without a docstring', () => {
  const source = `
/** Documented. */
export function a() {}
export function a(b?: string) {}
export const c = 1;

/**
 * Documented.
 */
export class D {}

// Not a docstring.
export interface E {}
export { f } from './f.ts';
`;
  expect(findUndocumented('x.ts', source)).toEqual(['x.ts:5 c', 'x.ts:13 E']);
});
