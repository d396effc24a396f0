import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';

/** `/version`: versions of Roundhouse and Node.js. */
export function versionRoutes(api: Api, { version }: Pick<RouteDependencies, 'version'>): void {
  api.get(
    '/',
    {
      schema: {
        tags: ['probes'],
        summary: 'Versions of Roundhouse and Node.js',
        description: 'For bug reports and for clients that support several versions.',
        response: { 200: Type.Object({ name: Type.String(), version: Type.String(), node: Type.String() }) },
      },
    },
    async () => ({ name: 'roundhouse', version, node: process.version }),
  );
}
