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
  /** Whether it uses `openCaches`, which also works without Redis. */
  readonly needsCaches: boolean;
  /** Returns its source, with the origin and the Redis server of the tests. */
  source(originUrl: string): string;
  /** The lines that it prints according to its comments; undefined if it has no such comments. */
  readonly prints?: readonly string[];
}

/** Pages with programs, by the prefix of the programs' names. */
const PAGES = {
  documented: 'library.md',
  'documented-gateway': 'gateway.md',
  'documented-asset-cache': 'asset-cache.md',
};

/** Returns the programs in the pages about the library. The comment after a `console.log` is what it prints. */
export function documentedPrograms(): Program[] {
  return Object.entries(PAGES).flatMap(([prefix, file]) => programsIn(join(ROOT, 'docs', file), prefix));
}

function programsIn(path: string, prefix: string): Program[] {
  return [...readFileSync(path, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map((match, index) => {
    const code = match[1]!;
    return {
      name: `${prefix}-${index + 1}`,
      needsRedis: /redis:|openCaches/.test(code),
      needsCaches: code.includes('openCaches'),
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
