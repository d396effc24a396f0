import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import { COLUMN_NAMES } from './columns.ts';
import type { SavedTimeSeries, TimeSeries } from './time-series.ts';

/** A killed process loses the points of this period at most. */
const SAVE_INTERVAL_MS = 300_000;

/** Options of a {@link TimeSeriesFile}. */
export interface TimeSeriesFileOptions {
  /** Folder of `samples.json`. */
  dataDir: string;
  timeSeries: TimeSeries;
  clock: Clock;
  /** Called if the file cannot be read, and on the first of consecutive failures to write it. */
  onError: (message: string) => void;
}

/** Stores a time series in a small JSON file, which is replaced every five minutes and on close. */
export class TimeSeriesFile {
  readonly #path: string;
  readonly #timeSeries: TimeSeries;
  readonly #onError: (message: string) => void;
  readonly #saveTask: SerialTask;
  /** Number of points added when the file was last written. */
  #savedCount = 0;
  #failing = false;

  constructor({ dataDir, timeSeries, clock, onError }: TimeSeriesFileOptions) {
    this.#path = join(dataDir, 'samples.json');
    this.#timeSeries = timeSeries;
    this.#onError = onError;
    this.#saveTask = new SerialTask(() => this.#save(), { clock, intervalMs: SAVE_INTERVAL_MS });
  }

  /** Restores the time series of the previous run. An invalid file is reported, and overwritten later. */
  async restore(): Promise<void> {
    try {
      this.#timeSeries.restore(parse(await readFile(this.#path, 'utf8')));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.#onError(`could not restore the time series: ${message}`);
    }
  }

  /** Starts saving at intervals. */
  start(): void {
    this.#saveTask.trigger();
  }

  /** Stops saving at intervals, and saves the points added since. */
  async close(): Promise<void> {
    await this.#saveTask.close();
    await this.#save();
  }

  async #save(): Promise<void> {
    const { pointCount } = this.#timeSeries;
    if (pointCount === this.#savedCount) return;
    try {
      const text = JSON.stringify(this.#timeSeries.save());
      await writeFile(`${this.#path}.tmp`, text, { mode: 0o600 });
      await rename(`${this.#path}.tmp`, this.#path);
      this.#savedCount = pointCount;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#onError(`could not save the time series: ${(error as Error).message}`);
      this.#failing = true;
    }
  }
}

/** @throws Error if the text is not in the format of this version */
function parse(text: string): SavedTimeSeries {
  const saved = JSON.parse(text) as SavedTimeSeries;
  const isValue = (value: unknown) => value === null || (typeof value === 'number' && value >= 0);
  const isValid =
    String(saved?.columns) === String(COLUMN_NAMES) &&
    saved.tiers.every(({ intervals }) =>
      intervals.every(
        ([number, ...values]) =>
          Number.isSafeInteger(number) && values.length === COLUMN_NAMES.length && values.every(isValue),
      ),
    );
  if (!isValid) throw new Error('samples.json is not in the format of this version');
  return saved;
}
