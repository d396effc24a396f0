import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../../../support/run.ts';
import type { Growth } from './fill.ts';

const PROGRAM = fileURLToPath(new URL('fill.ts', import.meta.url));
const MAX_BYTES = 16 * 1024 * 1024;
/** Pages that the allocator has not returned yet: up to 8 MB, whatever the store holds. */
const RESIDENT_SLACK_BYTES = 10 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** Fills a store in a process of its own. */
async function fill(subject: string, valueBytes: number, count: number): Promise<Growth> {
  // Small semi-spaces, because V8 never returns those that it has used.
  const flags = ['--expose-gc', '--max-semi-space-size=1'];
  const args = [...flags, PROGRAM, subject, String(valueBytes), String(count), String(MAX_BYTES)];
  return JSON.parse(await run(process.execPath, args));
}

test.for<[what: string, subject: string, valueBytes: number, count: number]>([
  ['small parts of large buffers in memory', 'bytes', 200, 20_000],
  ['large values in memory', 'bytes', 200_000, 150],
  ['parts of large buffers in two tiers', 'tiered', 2000, 8000],
  ['small responses', 'responses', 500, 6000],
  ['small responses in two tiers', 'tieredResponses', 500, 4500],
  ['responses with their body apart', 'responses', 40_000, 800],
])(
  'the process holds what the store counts: %s',
  { timeout: TIMEOUT_MS },
  async ([, subject, valueBytes, count]) => {
    const { accounted, held, resident, entries } = await fill(subject, valueBytes, count);
    expect(accounted).toBeLessThanOrEqual(MAX_BYTES);
    expect(accounted, `${entries} entries nearly fill the store`).toBeGreaterThan(0.9 * MAX_BYTES);
    expect(held).toBeGreaterThan(0.7 * accounted);
    expect(held).toBeLessThan(1.05 * accounted);
    expect(resident).toBeLessThan(1.1 * accounted + RESIDENT_SLACK_BYTES);
  },
);
