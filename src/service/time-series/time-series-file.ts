import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../library/cache/index.ts';
import { COLUMN_NAMES } from './columns.ts';
import type { SavedTimeSeries, TimeSeries } from './time-series.ts';

/** A service that is killed loses so much of its past at most. */
const SAVE_INTERVAL_MS = 300_000;

/** Keeps the past over restarts, in a small file that is written anew each time. */
export class TimeSeriesFile {
  readonly #path: string;
  readonly #past: TimeSeries;
  readonly #clock: Clock;
  readonly #onError: (message: string) => void;
  /** How many points the file has. */
  #saved = 0;
  #failing = false;
  #saving: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};

  constructor(parts: {
    dataDir: string;
    past: TimeSeries;
    clock: Clock;
    onError: (message: string) => void;
  }) {
    this.#path = join(parts.dataDir, 'samples.json');
    this.#past = parts.past;
    this.#clock = parts.clock;
    this.#onError = parts.onError;
  }

  /** Takes up the past of the former run. A file that is no good is told of, and overwritten in time. */
  async restore(): Promise<void> {
    try {
      this.#past.restore(parse(await readFile(this.#path, 'utf8')));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.#onError(`The figures of the former run are not known: ${message}`);
    }
  }

  start(): void {
    this.#cancel = this.#clock.after(SAVE_INTERVAL_MS, () => {
      this.start();
      void this.#save();
    });
  }

  /** Saves what has come since the last time. */
  async close(): Promise<void> {
    this.#cancel();
    await this.#save();
  }

  /** One at a time: two that write the same file would make a mixture of it. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<void> {
    const { noted } = this.#past;
    if (noted === this.#saved) return;
    try {
      const text = JSON.stringify(this.#past.save());
      await writeFile(`${this.#path}.tmp`, text, { mode: 0o600 });
      await rename(`${this.#path}.tmp`, this.#path);
      this.#saved = noted;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#onError(`The figures cannot be kept: ${(error as Error).message}`);
      this.#failing = true;
    }
  }
}

/** @throws Error for a text that is not what this version has saved. */
function parse(text: string): SavedTimeSeries {
  const saved = JSON.parse(text) as SavedTimeSeries;
  const isFigure = (value: unknown) => value === null || (typeof value === 'number' && value >= 0);
  const isSound =
    String(saved?.columns) === String(COLUMN_NAMES) &&
    saved.tiers.every(({ intervals }) =>
      intervals.every(
        ([number, ...figures]) =>
          Number.isSafeInteger(number) && figures.length === COLUMN_NAMES.length && figures.every(isFigure),
      ),
    );
  if (!isSound) throw new Error('samples.json is not what this version has saved');
  return saved;
}
