/** All that a terminal might obey, but for the line feed and the tab, and what turns the direction of writing. */
const CONTROLS = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes text of what an engine has written that does nothing to whoever looks at it: each control character is
 * shown by its code, as in `\x1b[31m`, each broken byte as U+FFFD; lines end with a line feed alone.
 */
export class LogText {
  readonly #decoder = new TextDecoder();
  /** A carriage return whose line feed may come with the next bytes. */
  #held = '';

  add(bytes: Uint8Array): string {
    return this.#clean(this.#decoder.decode(bytes, { stream: true }), true);
  }

  /** What was held back for bytes that did not come. */
  end(): string {
    return this.#clean(this.#decoder.decode(), false);
  }

  #clean(decoded: string, more: boolean): string {
    const text = this.#held + decoded;
    this.#held = more && text.endsWith('\r') ? '\r' : '';
    const whole = text.slice(0, text.length - this.#held.length);
    return whole.replaceAll('\r\n', '\n').replace(CONTROLS, showCode);
  }
}

function showCode(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}
