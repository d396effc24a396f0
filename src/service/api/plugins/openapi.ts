import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import type { Api } from '../context.ts';
import { serveApiDocs } from './api-docs.ts';

/** Responses of a service, recorded by `npm run examples`. The keys are operations, such as `GET /engines`. */
const EXAMPLES = new URL('../../../../openapi/examples.json', import.meta.url);

/**
 * Generates the OpenAPI document from the schemas of the routes, and serves it at /docs. Call before routes
 * are registered.
 * @param version version of Roundhouse
 * @param basePath path below which the service is reached
 */
export async function describeApi(api: Api, version: string, basePath = ''): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roundhouse',
        description: 'Runs AceStream engines and answers every poll about them from a cache.',
        version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      ...(basePath !== '' && { servers: [{ url: basePath }] }),
      tags: [
        { name: 'engines', description: 'Engines, their resource usage and their logs' },
        { name: 'orchestrator', description: 'State of the orchestrator, scaling and circuit breakers' },
        { name: 'vpn', description: 'The VPN that engines use' },
        { name: 'streams', description: 'Streams that clients play' },
        { name: 'events', description: 'The event log, and live notices of changes' },
        { name: 'cache', description: 'The cache that answers polled reads' },
        { name: 'notifications', description: 'Notifications of the operator' },
        { name: 'apps', description: 'Browser apps, their sessions and their caches' },
        { name: 'access', description: 'The login of the panel' },
        { name: 'probes', description: 'Probes for supervisors, and metrics' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'X-API-KEY' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const { openapiObject } = document;
      for (const path of Object.values(openapiObject.paths ?? {})) markOptionalBody(path?.post);
      const schemas: Record<string, object> = {};
      const paths = nameSchemas(openapiObject.paths, schemas);
      // After the schemas have names: an example may have a field `title` too.
      addExamples(paths ?? {});
      const components = { ...openapiObject.components, schemas };
      return Object.assign(openapiObject, { paths, components });
    },
  });
  await serveApiDocs(api);
}

interface Operation {
  responses?: Record<string, { content?: Record<string, { example?: unknown }> }>;
}

/** Adds the recorded responses. */
function addExamples(paths: object): void {
  const examples = JSON.parse(readFileSync(EXAMPLES, 'utf8')) as Record<string, unknown>;
  for (const [path, operations] of Object.entries(paths as Record<string, Record<string, Operation>>))
    for (const [method, { responses = {} }] of Object.entries(operations)) {
      const example = examples[`${method.toUpperCase()} ${path}`];
      const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1];
      const content = success?.content?.['application/json'];
      if (content && example !== undefined) content.example = example;
    }
}

interface RequestBody {
  required?: boolean;
  content: { 'application/json'?: { schema: object } };
}

/** Marks a body without required fields as optional. The generator marks every body as required. */
function markOptionalBody(operation: { requestBody?: unknown } | undefined): void {
  const body = operation?.requestBody as RequestBody | undefined;
  const schema = body?.content['application/json']?.schema;
  if (body && schema) body.required = 'required' in schema;
}

/** Replaces each schema that has a `title` with a reference to that name, and adds it to `schemas`. */
function nameSchemas<T>(part: T, schemas: Record<string, object>): T {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map((item) => nameSchemas(item, schemas)) as T;
  const entries = Object.entries(part).map(([name, value]) => [name, nameSchemas(value, schemas)]);
  const { title, ...schema } = Object.fromEntries(entries);
  if (typeof title !== 'string') return Object.fromEntries(entries);
  const known = schemas[title];
  if (known && JSON.stringify(known) !== JSON.stringify(schema))
    throw new Error(`two different schemas have the title ${title}`);
  schemas[title] = schema;
  return { $ref: `#/components/schemas/${title}` } as T;
}
