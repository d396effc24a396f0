import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A program that uses the package. */
export interface Program {
  /** Name of its file, without extension. */
  readonly name: string;
  /** Whether it uses REDIS_URL. */
  readonly needsRedis: boolean;
  /** Whether it uses `openCaches` or `sharedCaches`, which also works without Redis. */
  readonly needsCaches: boolean;
  /** Returns its source, with the origin and the Redis server of the tests. */
  source(originUrl: string): string;
  /** The lines that it prints according to its comments; undefined if it has no such comments. */
  readonly prints?: readonly string[];
}

/** Pages about the library outside its folder. Those about browser profiles have tests of their own. */
const OTHER_PAGES = ['gateway.md', 'asset-cache.md'];

/** Returns the programs in the pages about the library. The comment after a `console.log` is what it prints. */
export function documentedPrograms(): Program[] {
  const docs = join(ROOT, 'docs');
  const pages = [...globSync('library/*.md', { cwd: docs }).sort(), ...OTHER_PAGES];
  return pages.flatMap((page) => programsIn(join(docs, page), `documented-${basename(page, '.md')}`));
}

function programsIn(path: string, prefix: string): Program[] {
  return [...readFileSync(path, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map((match, index) => {
    const code = match[1]!;
    return {
      name: `${prefix}-${index + 1}`,
      needsRedis: /redis:|openCaches|sharedCaches/.test(code),
      needsCaches: /openCaches|sharedCaches/.test(code),
      prints: [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!),
      source: (originUrl) =>
        code
          .replaceAll('https://api.example', originUrl)
          .replaceAll(/'redis:[^']*'/g, "process.env.REDIS_URL ?? ''"),
    };
  });
}

/** Returns the programs in examples/. Other tests check what they print. */
export function examplePrograms(): Program[] {
  return globSync('examples/*.ts', { cwd: ROOT }).map((path) => {
    const code = readFileSync(join(ROOT, path), 'utf8');
    return {
      name: `example-${basename(path, '.ts')}`,
      needsRedis: code.includes('REDIS_URL'),
      needsCaches: code.includes('openCaches'),
      source: () => code,
    };
  });
}
