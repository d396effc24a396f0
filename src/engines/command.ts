import type { EnginePorts } from './runtime.ts';

/**
 * Splits a command at spaces, with single or double quotes to group, and fills in `{http_port}` and
 * `{https_port}`. No shell is involved: nothing else in the text has a meaning.
 */
export function splitCommand(command: string, ports: EnginePorts): string[] {
  const words = command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word
      .replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single)
      .replaceAll('{http_port}', `${ports.containerHttp}`)
      .replaceAll('{https_port}', `${ports.containerHttps}`),
  );
}
