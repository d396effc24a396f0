import type { Page } from 'playwright-core';
import type { Clock } from '../../../library/cache/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { RoundhouseError } from '../../errors.ts';

/** Formats of screenshots. */
export const SCREENSHOT_TYPES = ['png', 'jpeg'] as const;
/** Format of a screenshot. */
export type ScreenshotType = (typeof SCREENSHOT_TYPES)[number];

/** An image of what a page shows. */
export interface Screenshot {
  readonly type: ScreenshotType;
  readonly bytes: Buffer;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
}

const TIMEOUT_MS = 5000;
const JPEG_QUALITY = 70;

/** Takes screenshots of a page, and keeps the last one. */
export class Screenshots {
  readonly #clock: Clock;
  /** Screenshots in progress, which later callers share. */
  readonly #running = new Map<ScreenshotType, Promise<Screenshot>>();
  #last: Screenshot | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The latest screenshot. */
  get last(): Screenshot | undefined {
    return this.#last;
  }

  /** Takes a screenshot of the visible part. @throws RoundhouseError `timeout`, also for a page that was closed */
  take(page: Page, type: ScreenshotType, timeoutMs = TIMEOUT_MS): Promise<Screenshot> {
    let taking = this.#running.get(type);
    if (!taking) {
      taking = this.#take(page, type, timeoutMs).finally(() => this.#running.delete(type));
      this.#running.set(type, taking);
    }
    return taking;
  }

  async #take(page: Page, type: ScreenshotType, timeoutMs: number): Promise<Screenshot> {
    const quality = type === 'jpeg' ? { quality: JPEG_QUALITY } : {};
    try {
      const deadline = { clock: this.#clock, timeoutMs, subject: 'The page' };
      const bytes = await withinDeadline(deadline, () =>
        page.screenshot({ type, ...quality, timeout: timeoutMs }),
      );
      this.#last = { type, bytes, takenAt: Date.now() };
      return this.#last;
    } catch (cause) {
      throw new RoundhouseError('timeout', 'The page was not rendered in time', { cause });
    }
  }
}
