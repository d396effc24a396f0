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
  });
  await api.register(swaggerUi, { routePrefix: '/docs' });
}
