import { LogBudget } from './log-budget.ts';

/** Largest response to a command, such as a screenshot. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
/** Largest event. Playwright keeps events of each page, among them 200 messages of its console. */
const MAX_EVENT_BYTES = 1024 * 1024;
const MAX_LOG_BYTES = 64 * 1024;
/** What is kept of a message that is too large: the beginning for the log, and the end with its session. */
const HEAD_BYTES = MAX_LOG_BYTES;
const TAIL_BYTES = 256;
/** Characters of a console message that is too large. */
const EXCERPT_CHARACTERS = 8192;

const NUL = 0;
const REPLY = Buffer.from('{"id":');
const EVENT = Buffer.from('{"method":');
const LOG_EVENTS = ['Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded'].map((method) =>
  Buffer.from(`{"method":"${method}"`),
);

/** Text of the error that replaces a response that is too large. */
export const TOO_LARGE = 'The response of the browser is too large';

/**
 * Limits the messages that Chromium sends over its DevTools pipe, each followed by NUL: their size, and the rate of
 * console messages. One `console.log` of a long string ended the service, because Node.js has no strings of that length.
 * https://chromedevtools.github.io/devtools-protocol/
 */
export class MessageLimiter {
  readonly #now: () => number;
  readonly #budgets = new Map<string, LogBudget>();
  #parts: Buffer[] = [];
  /** Bytes of the current message. */
  #size = 0;
  #limit = MAX_REPLY_BYTES;
  #tail = Buffer.alloc(0);

  /** @param now monotonic time in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes bytes of the pipe. @returns what to send on */
  push(chunk: Buffer): Buffer[] {
    const output: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NUL); end >= 0; end = chunk.indexOf(NUL, start)) {
      this.#add(chunk.subarray(start, end));
      output.push(...this.#finish());
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
    return output;
  }

  /** Returns messages about console messages that were dropped. Call it each second. */
  report(): Buffer[] {
    return [...this.#budgets].flatMap(([session, budget]) => {
      const dropped = budget.takeDropped();
      if (budget.isFull) this.#budgets.delete(session);
      if (dropped === 0) return [];
      const text = `${dropped} console messages were dropped, because the page writes too many`;
      return [encode(logEntry('warning', text, session))];
    });
  }

  #add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const wasWithin = this.#size <= this.#limit;
    this.#size += bytes.length;
    if (wasWithin) {
      this.#parts.push(bytes);
      if (this.#size > MAX_LOG_BYTES) this.#limit = limitOf(this.#head());
      if (this.#size <= this.#limit) return;
      const whole = Buffer.concat(this.#parts);
      // Copies, which do not keep the chunks in memory.
      this.#parts = [Buffer.from(whole.subarray(0, HEAD_BYTES))];
      this.#tail = Buffer.from(whole.subarray(-TAIL_BYTES));
      return;
    }
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
  }

  /** The first bytes of the current message. */
  #head(): Buffer {
    const [first] = this.#parts;
    if (first && first.length >= TAIL_BYTES) return first;
    return Buffer.concat(this.#parts).subarray(0, TAIL_BYTES);
  }

  #finish(): Buffer[] {
    const isTooLarge = this.#size > this.#limit;
    const message = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const tail = isTooLarge ? this.#tail : message.subarray(-TAIL_BYTES);
    const size = this.#size;
    this.#parts = [];
    this.#size = 0;
    this.#limit = MAX_REPLY_BYTES;
    if (isLog(message)) {
      const session = sessionOf(tail);
      if (!this.#budgetOf(session).take(Math.min(size, MAX_LOG_BYTES))) return [];
      return isTooLarge ? [encode(excerpt(message, size, session))] : [message, SEPARATOR];
    }
    const isReply = startsWith(message, REPLY);
    if (isTooLarge) return isReply ? [encode(refusal(message, tail))] : [];
    // Playwright throws at what is no message, such as the output of another program than Chromium.
    return isReply || startsWith(message, EVENT) ? [message, SEPARATOR] : [];
  }

  #budgetOf(session: string): LogBudget {
    let budget = this.#budgets.get(session);
    if (!budget) {
      budget = new LogBudget(this.#now);
      this.#budgets.set(session, budget);
    }
    return budget;
  }
}

const SEPARATOR = Buffer.from([NUL]);

function limitOf(head: Buffer): number {
  if (isLog(head)) return MAX_LOG_BYTES;
  return startsWith(head, REPLY) ? MAX_REPLY_BYTES : MAX_EVENT_BYTES;
}

function isLog(message: Buffer): boolean {
  return LOG_EVENTS.some((start) => startsWith(message, start));
}

function startsWith(message: Buffer, start: Buffer): boolean {
  return message.subarray(0, start.length).equals(start);
}

/** Chromium writes the id of the session at the end of the message, where no page has an influence. */
function sessionOf(tail: Buffer): string {
  return /"sessionId":"([^"]+)"\}$/.exec(tail.toString('latin1'))?.[1] ?? '';
}

/** The beginning of a console message or exception. Its values are in strings after "value", "description" or "text". */
function excerpt(head: Buffer, size: number, session: string): object {
  const json = head.toString('utf8');
  const kind = /"type":"(error|warning)"|Runtime\.exceptionThrown/.exec(json.slice(0, TAIL_BYTES));
  const found =
    /"(?:value|description)":"((?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)/.exec(json)?.[1] ?? '';
  const text = (JSON.parse(`"${found}"`) as string).slice(0, EXCERPT_CHARACTERS).toWellFormed();
  const level = kind ? (kind[1] ?? 'error') : 'info';
  return logEntry(level, `${text}… (${size} bytes)`, session);
}

function logEntry(level: string, text: string, sessionId: string): object {
  const entry = { source: 'other', level, text, timestamp: Date.now() };
  return { method: 'Log.entryAdded', params: { entry }, ...(sessionId !== '' && { sessionId }) };
}

function refusal(head: Buffer, tail: Buffer): object {
  const id = Number(/^\{"id":(\d+)/.exec(head.subarray(0, TAIL_BYTES).toString('latin1'))?.[1]);
  const sessionId = sessionOf(tail);
  return { id, error: { code: -32_000, message: TOO_LARGE }, ...(sessionId !== '' && { sessionId }) };
}

function encode(message: object): Buffer {
  return Buffer.from(`${JSON.stringify(message)}\0`);
}
