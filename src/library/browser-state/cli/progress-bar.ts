import type { ProgressEvent } from '../options.ts';

const WIDTH = 24;
/** Moves to the start of the line and clears it. */
const CLEAR = '\r\x1b[K';

/** A progress bar on one line of a terminal. */
export class ProgressBar implements Disposable {
  readonly #stream: { write(text: string): unknown };
  readonly #enabled: boolean;
  #shown = false;

  constructor(stream: { write(text: string): unknown }, enabled: boolean) {
    this.#stream = stream;
    this.#enabled = enabled;
  }

  /** Shows the progress of a mount or a commit. */
  readonly update = ({ phase, bytes, totalBytes }: ProgressEvent): void => {
    if (!this.#enabled) return;
    this.#shown = true;
    const sizes = totalBytes === undefined ? inMb(bytes) : `${inMb(bytes)} of ${inMb(totalBytes)}`;
    this.#stream.write(
      `${CLEAR}${phase} ${totalBytes === undefined ? '' : barOf(bytes / totalBytes)}${sizes}`,
    );
  };

  /** Removes the bar, so that the output that follows starts on an empty line. */
  [Symbol.dispose](): void {
    if (this.#shown) this.#stream.write(CLEAR);
  }
}

function barOf(share: number): string {
  const filled = Math.round(Math.min(1, share) * WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] `;
}

function inMb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
