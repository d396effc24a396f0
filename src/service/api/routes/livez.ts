import { Type } from 'typebox';
import type { Api } from '../context.ts';

/** `/livez`: liveness, for supervisors. Needs no key even with AUTH_READS. */
export function livenessRoutes(api: Api): void {
  api.get(
    '/',
    {
      schema: {
        tags: ['probes'],
        summary: 'Liveness probe: the process serves requests',
        description: 'It does not depend on Docker, Redis or the VPN.',
        response: { 200: Type.Object({ status: Type.Literal('alive') }) },
      },
    },
    async () => ({ status: 'alive' as const }),
  );
}
