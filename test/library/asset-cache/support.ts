import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  AssetCache,
  type AssetCacheOptions,
  type ResponseLike,
} from '../../../src/library/asset-cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export const HOUR_MS = 3_600_000;

/** Creates a folder that is removed after the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-assets-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A cache with a clock of its own, and the lines that it has logged. */
export interface TestCache {
  cache: AssetCache;
  log: string[];
  errors: unknown[];
  /** Advances both clocks. */
  advance(ms: number): void;
}

/** Creates a cache that is closed after the test. */
export async function makeCache(options: AssetCacheOptions = {}): Promise<TestCache> {
  const clock = new FakeClock();
  const log: string[] = [];
  const errors: unknown[] = [];
  let now = Date.now();
  const cache = new AssetCache({
    dir: options.dir ?? (await makeFolder()),
    env: {},
    clock,
    wallClock: () => now,
    log: (line) => log.push(line),
    onError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => cache.close());
  return {
    cache,
    log,
    errors,
    advance: (ms) => {
      now += ms;
      clock.advance(ms);
    },
  };
}

/** An origin without a network: answers by URL and records the requests. */
export class FakeOrigin {
  readonly requests: { url: string; headers: Record<string, string> }[] = [];
  /** Decides the answers. */
  answer: (url: string, headers: Record<string, string>) => ResponseLike;

  constructor(answer: (url: string, headers: Record<string, string>) => ResponseLike) {
    this.answer = answer;
  }

  readonly fetch = async (
    url: string,
    { headers }: { headers: Record<string, string> },
  ): Promise<ResponseLike> => {
    this.requests.push({ url, headers });
    return this.answer(url, headers);
  };
}

/** A response with a body. */
export function respond(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  status = 200,
): ResponseLike {
  return { status, headers, body };
}
