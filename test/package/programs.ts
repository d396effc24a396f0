import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A program as a user of the package would write it. */
export interface Program {
  readonly name: string;
  readonly needsRedis: boolean;
  /** Whether it opens the caches by the environment, which do without Redis too. */
  readonly needsCaches: boolean;
  /** Its source, where the origin and the Redis that it speaks of are those of the tests. */
  source(originUrl: string): string;
  /** The lines that it says it prints; undefined where it says nothing of them. */
  readonly prints?: readonly string[];
}

/** The programs of docs/library.md, in order; each says behind its calls of `console.log` what they print. */
export function documentedPrograms(): Program[] {
  const page = readFileSync(join(ROOT, 'docs', 'library.md'), 'utf8');
  return [...page.matchAll(/^```ts\n(.*?)^```/gms)].map((match, index) => {
    const code = match[1]!;
    return {
      name: `documented-${index + 1}`,
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

/** The walks through the libraries, which have tests of what they print. */
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
