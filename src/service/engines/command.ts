import type { EnginePorts } from './runtime.ts';

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/**
 * Splits a command line at whitespace. Single or double quotes group words. There is no escaping, and no
 * shell is involved.
 * @throws Error for an empty command or an unclosed quote
 */
export function splitCommand(text: string): Command {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (const char of `${text} `) {
    if (char === quote) {
      quote = null;
    } else if (quote === null && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (quote === null && /\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== null) throw new Error(`The engine command has an unclosed ${quote}`);
  const [program, ...args] = words;
  if (!program) throw new Error('The engine command is empty');
  return [program, ...args];
}

/** Default port of an engine for its peers. */
const DEFAULT_P2P_PORT = 8621;

/** Replaces `{http_port}`, `{https_port}` and `{p2p_port}` in a command. `p2pPort` defaults to 8621. */
export function substitutePorts(command: Command, ports: EnginePorts, p2pPort = DEFAULT_P2P_PORT): Command {
  const substitute = (word: string) =>
    word
      .replaceAll('{http_port}', String(ports.containerHttp))
      .replaceAll('{https_port}', String(ports.containerHttps))
      .replaceAll('{p2p_port}', String(p2pPort));
  const [program, ...args] = command;
  return [substitute(program), ...args.map(substitute)];
}
