import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../../src/library/cache/index.ts';
import { DiskGuard } from '../../../src/library/disk-store/disk-guard.ts';
import { Eviction } from '../../../src/library/disk-store/eviction.ts';
import { Layout } from '../../../src/library/disk-store/layout.ts';
import { Usage } from '../../../src/library/disk-store/usage.ts';
import { content, filesIn, makeFolder } from './support.ts';

/** Holds its operations until it is released. */
class HeldGuard extends DiskGuard {
  calls = 0;
  readonly #released = Promise.withResolvers<void>();

  constructor() {
    super(createSystemClock(), 5000);
  }

  override async run<T>(action: string, operation: () => Promise<T>): Promise<T> {
    this.calls += 1;
    await this.#released.promise;
    return await super.run(action, operation);
  }

  release(): void {
    this.#released.resolve();
  }
}

const settle = () => new Promise(setImmediate);

test.each(['emptyTrash', 'sweep'] as const)(
  'files in the trash are counted as free once: a sweep waits for what runs (%s)',
  async (first) => {
    const layout = new Layout(await makeFolder());
    await layout.create();
    await writeFile(join(layout.trash, 'removed'), content(20_000));
    const usage = new Usage(layout, new DiskGuard(createSystemClock(), 5000));
    onTestFinished(() => usage.close());
    await usage.add(20_480);
    const guard = new HeldGuard();
    const eviction = new Eviction({
      ...{ layout, guard, usage, maxBytes: 1e6 },
      wallClock: Date.now,
      onEvicted: () => {},
    });
    const tasks = [eviction[first]()];
    await settle();
    const calls = guard.calls;
    expect(calls).toBeGreaterThan(0);
    tasks.push(eviction.sweep(), eviction.emptyTrash());
    await settle();
    expect(guard.calls).toBe(calls);
    guard.release();
    await Promise.all(tasks);
    expect(await usage.refresh()).toBe(0);
    expect(await filesIn(layout.trash)).toEqual([]);
  },
);
