import { Type } from 'typebox';
import { RoundhouseError } from '../../errors.ts';
import { primaryVpn } from '../../vpn/state.ts';
import type { VpnStateCache } from '../../vpn/state-cache.ts';
import type { ReadAnswer } from '../answers.ts';
import type { CachedReply } from '../cached-reply.ts';
import type { Api } from '../context.ts';
import { problems } from '../schemas/common.ts';
import { VpnSchema } from '../schemas/status.ts';

/** `/vpn/…`: both routes read the same cached state. */
export function vpnRoutes(
  api: Api,
  parts: { answer: ReadAnswer; reply: CachedReply; vpnState: VpnStateCache },
): void {
  const { answer, reply, vpnState } = parts;
  api.get(
    '/vpn/status',
    {
      schema: {
        tags: ['vpn'],
        summary: 'The state of the VPN',
        response: { 200: VpnSchema, ...problems('runtime_unavailable', 'timeout', 'stats_unavailable') },
      },
    },
    (request, response) => reply(request, response, answer),
  );

  api.get(
    '/vpn/publicip',
    {
      schema: {
        tags: ['vpn'],
        summary: "The VPN's public address",
        response: {
          200: Type.Object({ public_ip: Type.String() }),
          ...problems('public_ip_unknown', 'runtime_unavailable', 'timeout'),
        },
      },
    },
    async () => {
      const address = primaryVpn(await vpnState.get())?.publicAddress;
      if (!address)
        throw new RoundhouseError('public_ip_unknown', 'The public address of the VPN is unknown');
      return { public_ip: address.ip };
    },
  );
}
