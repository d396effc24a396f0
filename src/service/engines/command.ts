import type { EnginePorts } from './runtime.ts';

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/**
 * Splits a command at spaces; single or double quotes group. There is no escaping, and no shell sees it.
 * @throws Error for an empty command or a quote that is not closed.
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
  if (quote !== null) throw new Error(`The engine command has a ${quote} that is not closed`);
  const [program, ...args] = words;
  if (!program) throw new Error('The engine command names no program');
  return [program, ...args];
}

/** What an engine takes its peers on where no other port is meant. */
const USUAL_P2P_PORT = 8621;

/** Fills `{http_port}`, `{https_port}` and `{p2p_port}` in. */
export function fillPorts(command: Command, ports: EnginePorts, p2pPort = USUAL_P2P_PORT): Command {
  const fill = (word: string) =>
    word
      .replaceAll('{http_port}', String(ports.containerHttp))
      .replaceAll('{https_port}', String(ports.containerHttps))
      .replaceAll('{p2p_port}', String(p2pPort));
  const [program, ...args] = command;
  return [fill(program), ...args.map(fill)];
}
