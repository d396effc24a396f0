import type { FastifyRequest } from 'fastify';
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

/**
 * Parses path and query parameters whose schemas are numbers, booleans or times, before they are validated.
 * This takes the place of Ajv's coercion, which also accepts ` 5`, `0x10` and `1e3`. Text that cannot be
 * parsed stays a string and fails validation. Call before routes are registered. Adds nothing to routes
 * without such parameters.
 */
export function parseParameters(api: Api): void {
  api.addHook('onRoute', (route) => {
    const { params, querystring } = route.schema ?? {};
    const parsers = { params: parsersOf(params), query: parsersOf(querystring) };
    if (parsers.params.length + parsers.query.length === 0) return;
    const parse = (request: FastifyRequest, _reply: unknown, done: () => void) => {
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
