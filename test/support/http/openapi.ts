import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A JSON Schema in the OpenAPI document. */
export interface Schema {
  type?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  [keyword: string]: unknown;
}

interface Content {
  content?: Record<string, { schema: Schema; example?: unknown }>;
}

export interface Operation {
  summary: string;
  description?: string;
  tags: string[];
  parameters?: { name: string; in: 'path' | 'query'; required?: boolean; schema: Schema }[];
  requestBody?: Content & { required?: boolean };
  responses: Record<string, Content & { description: string }>;
  security?: Record<string, string[]>[];
}

export interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const DOCUMENT = JSON.parse(
  readFileSync(new URL('../../../openapi/openapi.json', import.meta.url), 'utf8'),
) as OpenApi;

/** The committed OpenAPI document, with its references to named schemas resolved. */
export const OPENAPI = resolveReferences(DOCUMENT, DOCUMENT.components.schemas);

function resolveReferences<T>(part: T, schemas: Record<string, Schema>): T {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map((item) => resolveReferences(item, schemas)) as T;
  const name = '$ref' in part && String(part.$ref).replace('#/components/schemas/', '');
  if (name) return resolveReferences(schemas[name], schemas) as T;
  const entries = Object.entries(part).map(([key, value]) => [key, resolveReferences(value, schemas)]);
  return Object.fromEntries(entries) as T;
}

/** Whether an operation returns JSON. Metrics and logs are text, and live notices are a stream. */
export function answersJson({ responses }: Operation): boolean {
  return 'application/json' in (responses['200']?.content ?? {});
}

/** The part of a reply that is checked. */
export interface Reply {
  statusCode: number;
  headers: Record<string, unknown>;
  /** The parsed body. */
  body: unknown;
}

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
const validators = new Map<string, ValidateFunction>();

/**
 * Checks the status, the media type and the body of a reply against the OpenAPI document. The body must have no
 * undocumented fields.
 * @throws Error that names every difference
 */
export function assertDocumented(method: string, path: string, reply: Reply): void {
  const operation = OPENAPI.paths[path]?.[method.toLowerCase()];
  if (!operation) throw new Error(`${method} ${path} is not documented`);
  const response = operation.responses[String(reply.statusCode)];
  if (!response) throw new Error(`${method} ${path}: status ${reply.statusCode} is not documented`);
  const mediaType = String(reply.headers['content-type']).split(';', 1)[0]!;
  const schema = response.content?.[mediaType]?.schema;
  if (!schema) throw new Error(`${method} ${path}: ${reply.statusCode} with ${mediaType} is not documented`);
  const validate = validatorOf(`${method} ${path} ${reply.statusCode}`, schema);
  if (validate(reply.body)) return;
  throw new Error(`${method} ${path}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(reply.body)}`);
}

function validatorOf(name: string, schema: Schema): ValidateFunction {
  const known = validators.get(name);
  if (known) return known;
  const validator = ajv.compile(closed(schema));
  validators.set(name, validator);
  return validator;
}

/** The schema with `additionalProperties: false` in every object that does not define it. */
function closed(schema: Schema): Schema {
  const inner = Object.entries(schema).map(([keyword, value]) => {
    if (keyword === 'properties') {
      const properties = Object.entries(value as Record<string, Schema>);
      return [keyword, Object.fromEntries(properties.map(([name, part]) => [name, closed(part)]))];
    }
    if (keyword === 'anyOf') return [keyword, (value as Schema[]).map(closed)];
    if (keyword === 'items') return [keyword, closed(value as Schema)];
    if (keyword === 'additionalProperties' && typeof value === 'object')
      return [keyword, closed(value as Schema)];
    return [keyword, value];
  });
  const result: Schema = Object.fromEntries(inner);
  if (schema.properties && schema.additionalProperties === undefined) result.additionalProperties = false;
  return result;
}
