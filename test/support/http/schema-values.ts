import fc from 'fast-check';
import type { Schema } from './openapi.ts';

/** Longer strings are generated only to test the limit of a schema. */
const USUAL_LENGTH = 40;

/** Names with a meaning in JavaScript, and strings with a meaning in paths, headers, shells and databases. */
export const TRICKY_TEXTS = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '%2e%2e%2f',
  'a\u0000b',
  'a\r\nX-Injected: 1',
  '\u202e\ufeff',
  '\ud800',
  '💥'.repeat(40),
  '{}',
  '*',
  '; rm -rf /',
  '$(id)',
  "' OR 1=1 --",
  'x'.repeat(5000),
];

/** Generates values that match a schema. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valuesOf));
  switch (schema.type) {
    case 'string':
      return textsOf(schema);
    case 'integer':
      return fc.integer(limits(schema));
    case 'number':
      return fc.double({ ...limits(schema), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items as Schema), { maxLength: 3 });
    case 'object':
      return objectsOf(schema);
    default:
      throw new Error(`unsupported schema: ${JSON.stringify(schema)}`);
  }
}

function limits({ minimum = -1000, maximum = 100_000 }: Schema): { min: number; max: number } {
  return { min: Number(minimum), max: Number(maximum) };
}

function textsOf({ pattern, format, minLength = 0, maxLength = USUAL_LENGTH }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (pattern !== undefined) {
    return fc.stringMatching(new RegExp(String(pattern))).filter((text) => text.length <= Number(maxLength));
  }
  const longest = 'x'.repeat(Number(maxLength));
  const usual = { minLength: Number(minLength), maxLength: Math.min(Number(maxLength), USUAL_LENGTH) };
  return fc.oneof({ weight: 5, arbitrary: fc.string(usual) }, { weight: 1, arbitrary: fc.constant(longest) });
}

function objectsOf(schema: Schema): fc.Arbitrary<object> {
  const properties = Object.entries(schema.properties ?? {});
  const model = Object.fromEntries(properties.map(([name, part]) => [name, valuesOf(part)]));
  const known = fc.record(model, { requiredKeys: schema.required ?? [] });
  const { additionalProperties: others, propertyNames } = schema;
  if (typeof others !== 'object') return known;
  const names = propertyNames ? textsOf(propertyNames as Schema) : fc.string({ minLength: 1 });
  const free = fc.dictionary(names, valuesOf(others), { maxKeys: 4, noNullPrototype: true });
  return fc.tuple(free, known).map(([free, known]) => ({ ...free, ...known }));
}

/** Generates JSON values that match no schema in particular. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(...TRICKY_TEXTS),
  fc.constantFrom<unknown>(null, true, 0, -1, 0.5, 1e308, 2 ** 53, [], {}, [[]], '0', 'true'),
);

/** Generates values in which a part is replaced, removed or added. */
export function spoiled(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const how = fc.record({
    what: fc.constantFrom('replace', 'remove', 'add' as const),
    where: fc.nat(),
    name: fc.constantFrom('extra', ...TRICKY_TEXTS),
    junk,
  });
  return fc.tuple(values, how).map(([value, { what, where, name, junk }]) => {
    const copy = { root: structuredClone(value) };
    const places = placesIn(copy);
    const [holder, key] = places[where % places.length]!;
    if (what === 'remove') delete holder[key];
    else if (what === 'replace') define(holder, key, junk);
    else if (isRecord(holder[key])) define(holder[key], name, junk);
    return copy.root;
  });
}

type Holder = Record<string, unknown>;

function placesIn(holder: Holder): [Holder, string][] {
  return Object.keys(holder).flatMap((key) => {
    const inner = holder[key];
    return [[holder, key] as [Holder, string], ...(isRecord(inner) ? placesIn(inner) : [])];
  });
}

function isRecord(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null;
}

/** An assignment to `__proto__` would change the object's prototype instead. */
function define(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}
