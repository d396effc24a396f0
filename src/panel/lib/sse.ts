/** A server-sent event. */
export interface SseMessage {
  /** The last event ID so far; null before the first. */
  id: string | null;
  /** Defaults to `message`. */
  event: string;
  /** Lines of data, joined with a line feed. */
  data: string;
}

/**
 * Incremental parser of an event stream.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseParser {
  #buffer = '';
  #id: string | null = null;
  #event = '';
  #data: string[] = [];

  /** Takes the next chunk, split anywhere. @returns the messages that it completes */
  push(chunk: string): SseMessage[] {
    // A carriage return at the end of the chunk may be half of a CRLF.
    const lines = (this.#buffer + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#buffer = lines.pop() ?? '';
    return lines.flatMap((line) => this.#parseLine(line) ?? []);
  }

  #parseLine(line: string): SseMessage | null {
    if (line === '') return this.#dispatch();
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === 'id') this.#id = value;
    if (name === 'event') this.#event = value;
    if (name === 'data') this.#data.push(value);
    return null;
  }

  #dispatch(): SseMessage | null {
    const message = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return empty ? null : message;
  }
}
