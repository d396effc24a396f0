import { waitUntil } from '../wait-until.ts';

const TIMEOUT_MS = 20_000;

/** Collects the body of a streamed log response. */
export class LogReader {
  /** What has been received. */
  text = '';
  /** Whether the response is complete. */
  ended = false;
  readonly status: number;

  constructor(response: Response) {
    this.status = response.status;
    void (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) this.text += chunk;
      this.ended = true;
    })();
  }

  /** Resolves when the log contains a text. */
  has(text: string): Promise<true> {
    return waitUntil(`the log contains ${JSON.stringify(text)}`, () => this.text.includes(text), TIMEOUT_MS);
  }
}
