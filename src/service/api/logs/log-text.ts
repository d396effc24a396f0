/** Control characters other than line feed and tab, and those that change the direction of text. */
const CONTROLS = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Decodes what an engine writes into text that is safe to show in a terminal. Control characters are escaped,
 * as in `\x1b[31m`. Invalid bytes become U+FFFD. CRLF becomes LF.
 */
export class LogText {
  readonly #decoder = new TextDecoder();
  /** A carriage return at the end of a chunk: its line feed may be in the next one. */
  #carriageReturn = '';

  /** Decodes the next chunk. An incomplete character at its end is kept for the next one. */
  add(bytes: Uint8Array): string {
    return this.#clean(this.#decoder.decode(bytes, { stream: true }), true);
  }

  /** Returns what was kept for a next chunk. */
  end(): string {
    return this.#clean(this.#decoder.decode(), false);
  }

  #clean(decoded: string, more: boolean): string {
    const text = this.#carriageReturn + decoded;
    this.#carriageReturn = more && text.endsWith('\r') ? '\r' : '';
    const complete = text.slice(0, text.length - this.#carriageReturn.length);
    return complete.replaceAll('\r\n', '\n').replace(CONTROLS, escapeCharacter);
  }
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}
