declare module 'http-cache-tests/tests/index.mjs' {
  export interface ConformanceTest {
    id: string;
    name: string;
    kind?: 'required' | 'optimal' | 'check';
    browser_only?: boolean;
    browser_skip?: boolean;
  }
  const suites: { id: string; name: string; tests: ConformanceTest[] }[];
  export default suites;
}

declare module 'http-cache-tests/client/test.mjs' {
  import type { ConformanceTest } from 'http-cache-tests/tests/index.mjs';

  export const testResults: Record<string, true | [name: string, message: string]>;
  export function makeCacheTest(test: ConformanceTest): Promise<void>;
}

declare module 'http-cache-tests/client/config.mjs' {
  export function setFetch(fetch: unknown): void;
  export function setBaseUrl(url: string): void;
  export function setUseBrowserCache(use: boolean): void;
}

declare module 'http-cache-tests/server/handle-*.mjs' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export default function handle(
    segments: string[],
    request: IncomingMessage,
    response: ServerResponse,
  ): void;
}
