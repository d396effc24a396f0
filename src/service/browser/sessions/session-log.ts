/** Lines that are kept, and their size in characters. */
const MAX_LINES = 2000;
const MAX_CHARACTERS = 1024 * 1024;
const MAX_LINE_CHARACTERS = 16 * 1024;

interface Line {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** What to read from a {@link SessionLog}. */
export interface LogOptions {
  /** Maximum number of lines that have already been written. */
  readonly tail: number;
  /** Whether to continue with lines as they are written, until the log ends. */
  readonly follow: boolean;
  /** Earliest time in milliseconds since the epoch, or null. */
  readonly since: number | null;
  readonly signal: AbortSignal;
}

/** The console of a session, bounded: the oldest lines are dropped. Secrets are replaced by `***`. */
export class SessionLog {
  readonly #secrets: readonly string[];
  readonly #now: () => number;
  #lines: Line[] = [];
  #characters = 0;
  /** Number of lines before the first of `#lines`. */
  #dropped = 0;
  #hasEnded = false;
  #changed = Promise.withResolvers<void>();

  /** @param secrets texts that must not appear in lines; the longest first */
  constructor(secrets: readonly string[], now: () => number = Date.now) {
    this.#secrets = secrets;
    this.#now = now;
  }

  /** Appends a line, such as `[warning] text`. */
  add(kind: string, text: string): void {
    if (this.#hasEnded) return;
    const line = { at: this.#now(), text: this.#clean(`[${kind}] ${text}`) };
    this.#lines.push(line);
    this.#characters += line.text.length;
    while (this.#lines.length > MAX_LINES || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#lines.shift()!.text.length;
      this.#dropped += 1;
    }
    this.#notify();
  }

  /** Replaces secrets, and shortens what is too long. */
  #clean(text: string): string {
    // Cut first, with room for a secret at the cut: searching in 100 MB takes long.
    let cleaned = text.slice(0, 2 * MAX_LINE_CHARACTERS);
    for (const secret of this.#secrets) cleaned = cleaned.replaceAll(secret, '***');
    if (text.length <= MAX_LINE_CHARACTERS) return cleaned;
    return `${cleaned.slice(0, MAX_LINE_CHARACTERS)}… (${text.length} characters)`;
  }

  /** Ends the log: readers that follow it end too. */
  end(): void {
    this.#hasEnded = true;
    this.#notify();
  }

  /** Reads lines as UTF-8 text, each with its time. */
  async *read({ tail, follow, since, signal }: LogOptions): AsyncGenerator<Uint8Array> {
    let next = this.#dropped + Math.max(0, this.#lines.length - tail);
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (;;) {
      const from = Math.max(next, this.#dropped);
      const lines = this.#lines.slice(from - this.#dropped).filter(({ at }) => since === null || at >= since);
      next = this.#dropped + this.#lines.length;
      const changed = this.#changed.promise;
      if (lines.length > 0) yield Buffer.from(lines.map(format).join(''));
      const isComplete = next === this.#dropped + this.#lines.length;
      if (!follow || signal.aborted || (this.#hasEnded && isComplete)) return;
      if (isComplete) await Promise.race([changed, aborted]);
    }
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function format({ at, text }: Line): string {
  return `${new Date(at).toISOString()} ${text}\n`;
}
