import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { Api } from '../context.ts';

/** Describes the API from its route schemas, and shows the description at /docs. */
export async function describeApi(api: Api, version: string): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roundhouse',
        description: 'Runs AceStream engines and answers every poll about them from a cache.',
        version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [
        { name: 'engines', description: 'Engines and what they use' },
        { name: 'orchestrator', description: 'The whole' },
        { name: 'vpn', description: 'The VPN that engines use' },
        { name: 'streams', description: 'What engines play' },
        { name: 'events', description: 'What happens' },
        { name: 'cache', description: 'The cache in front of the polled reads' },
        { name: 'probes', description: 'For supervisors' },
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
      for (const path of Object.values(document.openapiObject.paths ?? {})) markOptionalBody(path?.post);
      return document.openapiObject;
    },
  });
  await api.register(swaggerUi, { routePrefix: '/docs' });
}

interface RequestBody {
  required?: boolean;
  content: { 'application/json'?: { schema: object } };
}

/** A body none of whose fields is needed is not needed itself; the generator calls every body required. */
function markOptionalBody(operation: { requestBody?: unknown } | undefined): void {
  const body = operation?.requestBody as RequestBody | undefined;
  const schema = body?.content['application/json']?.schema;
  if (body && schema) body.required = 'required' in schema;
}
