import { waitUntil } from '../wait-until.ts';

/** One server-sent event; its data is JSON. */
export interface LiveMessage {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

const WAIT_MS = 5000;

/**
 * A client of /events/live that reads all the time. Dispose of it with `await using`.
 */
export class LiveClient implements AsyncDisposable {
  readonly response: Response;
  /** Messages received so far, oldest first. */
  readonly messages: LiveMessage[] = [];
  readonly comments: string[] = [];
  /** The last reconnection time received, in milliseconds. */
  retryMs: number | undefined;
  /** Whether the server has ended the stream or the connection is lost. */
  ended = false;
  readonly #abort: AbortController;
  readonly #reading: Promise<void>;

  constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#reading = this.#read().finally(() => {
      this.ended = true;
    });
  }

  /** @param baseUrl as {@link TestApp.url} */
  static async connect(baseUrl: string, headers: Record<string, string> = {}): Promise<LiveClient> {
    const abort = new AbortController();
    const response = await fetch(`${baseUrl}/events/live`, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    return new LiveClient(response, abort);
  }

  get lastId(): string {
    return this.messages.at(-1)?.id ?? '';
  }

  /** Waits until that many messages have been received, and returns all. */
  async received(count: number): Promise<LiveMessage[]> {
    await waitUntil(`${count} live messages`, () => this.messages.length >= count, WAIT_MS);
    return this.messages;
  }

  /** Waits for a message that matches. */
  find(what: string, matches: (message: LiveMessage) => boolean): Promise<LiveMessage> {
    return waitUntil(what, () => this.messages.find(matches), WAIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    let text = '';
    try {
      for await (const chunk of this.response.body!.pipeThrough(new TextDecoderStream())) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop()!;
        for (const block of blocks) this.#take(block);
      }
    } catch (error) {
      // A lost or aborted connection ends the stream too.
      if (!(error instanceof TypeError || this.#abort.signal.aborted)) throw error;
    }
  }

  #take(block: string): void {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([a-z]*): (.*)$/.exec(line) ?? [];
      if (name === '') this.comments.push(value);
      else if (name in fields) throw new Error(`duplicate field: ${block}`);
      else fields[name] = value;
    }
    const { retry, id, event, data } = fields;
    if (retry !== undefined) this.retryMs = Number(retry);
    if (data === undefined) return;
    if (id === undefined || event === undefined) throw new Error(`incomplete: ${block}`);
    this.messages.push({ id, event, data: JSON.parse(data) });
  }
}
