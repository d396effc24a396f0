import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, type JSONSchema } from 'json-schema-to-typescript';

/** The parts of an OpenAPI document that types are generated from. */
interface OpenApiDocument {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas?: Record<string, JSONSchema> };
}

interface OperationObject {
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: JSONSchema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: JSONSchema }> };
  responses: Record<string, { content?: Record<string, { schema: JSONSchema }> }>;
}

const JSON_MEDIA_TYPE = 'application/json';
const OPENAPI = new URL('../openapi/openapi.json', import.meta.url);
const PANEL = fileURLToPath(new URL('../src/panel', import.meta.url));
const REFERENCE_COMMENT = /\/\*\*\n \* This interface was referenced by .*\n.*\n \*\/\n/g;
const HEAD = `/**
 * Parameters, request body and reply of the operations of the API that the panel uses, by method and path as in the
 * OpenAPI document.
 * Generated from openapi/openapi.json by \`npm run docs\`; do not edit.
 */
`;

/**
 * Returns src/panel/lib/api-types.ts: the types of the operations in openapi/openapi.json that reply with JSON and that
 * the panel uses.
 */
export async function describeApiTypes(): Promise<string> {
  const text = await readFile(OPENAPI, 'utf8');
  // The definitions of a JSON Schema are in another place than those of an OpenAPI document.
  const document: OpenApiDocument = JSON.parse(text.replaceAll('"#/components/schemas/', '"#/$defs/'));
  const { paths, components } = document;
  const panel = await readPanel();
  const operations: Record<string, JSONSchema> = {};
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      const schema = panel.includes(`'${name}'`) ? schemaOf(operation) : null;
      if (schema) operations[name] = schema;
    }
  }
  const imported = /export type \{([^}]*)\} from '\.\/api-types\.ts'/.exec(panel)?.[1]?.match(/\w+/g) ?? [];
  const schema = { ...objectOf(operations), $defs: usedBy(operations, imported, components.schemas ?? {}) };
  const types = await compile(schema, 'Operations', {
    bannerComment: '',
    additionalProperties: false,
    // Operations with streams have no reply, but their messages have schemas.
    unreachableDefinitions: true,
    style: { singleQuote: true, printWidth: 110 },
  });
  // Comments on each interface that name the definition it comes from, which is the interface's own name.
  return `${HEAD}${types.replaceAll(REFERENCE_COMMENT, '')}`;
}

/** Returns the sources of the panel, without the generated file. */
async function readPanel(): Promise<string> {
  const own: string[] = [];
  for await (const path of glob('**/*.{ts,tsx}', { cwd: PANEL }))
    if (path !== 'lib/api-types.ts') own.push(path);
  return (await Promise.all(own.sort().map((path) => readFile(join(PANEL, path), 'utf8')))).join('\n');
}

/** Returns the definitions with these names, and those to which the operations refer, directly or through others. */
function usedBy(
  operations: Record<string, JSONSchema>,
  names: readonly string[],
  definitions: Record<string, JSONSchema>,
): Record<string, JSONSchema> {
  const used = new Set<string>();
  const add = (name: string) => {
    const definition = definitions[name];
    if (used.has(name) || !definition) return;
    used.add(name);
    addAll(definition);
  };
  const addAll = (schema: object) => {
    for (const [, name] of JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g)) add(name!);
  };
  addAll(operations);
  for (const name of names) add(name);
  return Object.fromEntries(Object.entries(definitions).filter(([name]) => used.has(name)));
}

/** One operation as an object of its `path` and `query` parameters, `body` and `reply`; null without a JSON reply. */
function schemaOf({ parameters = [], requestBody, responses }: OperationObject): JSONSchema | null {
  const reply = (responses['200'] ?? responses['201'])?.content?.[JSON_MEDIA_TYPE]?.schema;
  if (!reply) return null;
  const body = requestBody?.content[JSON_MEDIA_TYPE]?.schema;
  const parts: Record<string, JSONSchema> = {};
  const required = ['reply'];
  for (const place of ['path', 'query'] as const) {
    const some = parameters.filter((parameter) => parameter.in === place);
    if (some.length === 0) continue;
    const requiredNames = some.filter((parameter) => parameter.required).map(({ name }) => name);
    parts[place] = objectOf(
      Object.fromEntries(some.map(({ name, schema }) => [name, schema])),
      requiredNames,
    );
    if (requiredNames.length > 0) required.push(place);
  }
  if (requestBody?.required) required.push('body');
  return objectOf({ ...parts, ...(body && { body }), reply }, required);
}

function objectOf(properties: Record<string, JSONSchema>, required = Object.keys(properties)): JSONSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}
