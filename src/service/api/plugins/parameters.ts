import type { FastifyRequest } from 'fastify';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';

/** The keywords of a parameter's JSON Schema that decide how its text is parsed. */
interface ParameterSchema {
  type?: string;
  format?: string;
  anyOf?: readonly ParameterSchema[];
}

type Parse = (text: string) => unknown;

const PARSERS: Readonly<Record<string, Parse>> = {
  integer: (text) => (/^-?(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text),
  number: (text) => (/^-?(0|[1-9]\d{0,14})(\.\d{1,9})?$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  // An unescaped `+` of a time zone arrives as a space.
  'date-time': (text) => text.replace(/ (?=\d\d:\d\d$)/, '+'),
};

/** Returns an error for the first unknown query parameter, if there is one. */
function findUnknown(query: object, names: ReadonlySet<string>): Error | undefined {
  for (const name in query) {
    if (names.has(name)) continue;
    const known = names.size === 0 ? 'none' : [...names].join(', ');
    const message = `Unknown query parameter ${JSON.stringify(name)}: this path has ${known}`;
    return new RoundhouseError('invalid_request', message);
  }
}

/**
 * Parses path and query parameters whose schemas are numbers, booleans or times, before they are validated.
 * This takes the place of Ajv's coercion, which also accepts ` 5`, `0x10` and `1e3`. Text that cannot be
 * parsed stays a string and fails validation.
 *
 * Unknown query parameters are refused, because a misspelt filter must not be answered as if there were none.
 *
 * Call before routes are registered.
 */
export function parseParameters(api: Api): void {
  api.addHook('onRoute', (route) => {
    const { params, querystring, hide } = route.schema ?? { hide: true };
    // Hidden routes serve files, whose URLs may contain a version.
    if (hide) return;
    const parsers = { params: parsersOf(params), query: parsersOf(querystring) };
    const names = new Set(
      Object.keys((querystring as { properties?: object } | undefined)?.properties ?? {}),
    );
    const parse = (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void) => {
      const unknown = findUnknown(request.query as object, names);
      if (unknown) return done(unknown);
      for (const part of ['params', 'query'] as const) {
        const values = request[part] as Record<string, unknown>;
        for (const [name, parser] of parsers[part]) {
          const value = values[name];
          // A parameter that is given twice is an array, which stays as it is.
          if (typeof value === 'string') values[name] = parser(value);
        }
      }
      done();
    };
    route.preValidation = [parse, ...[route.preValidation ?? []].flat()];
  });
}

function parsersOf(schema: unknown): [string, Parse][] {
  const { properties = {} } = (schema ?? {}) as { properties?: Record<string, ParameterSchema> };
  return Object.entries(properties).flatMap(([name, property]) => {
    const parsers = (property.anyOf ?? [property])
      .flatMap(({ type = '', format = '' }) => [PARSERS[type], PARSERS[format]])
      .filter((parser) => parser !== undefined);
    if (parsers.length === 0) return [];
    const parse: Parse = (text) =>
      parsers.map((parser) => parser(text)).find((value) => value !== text) ?? text;
    return [[name, parse]];
  });
}
