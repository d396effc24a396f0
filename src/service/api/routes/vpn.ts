import { Type } from 'typebox';
import { RoundhouseError } from '../../errors.ts';
import type { VpnStatus } from '../../vpn/status.ts';
import type { Api } from '../context.ts';
import { problems } from '../schemas/common.ts';

/** The VPN's public address, from the same cached answer that `/vpn/status` gives. */
export function vpnRoutes(api: Api, readVpn: () => Promise<VpnStatus>): void {
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
      const { public_ip } = await readVpn();
      if (public_ip === null)
        throw new RoundhouseError('public_ip_unknown', 'The VPN does not tell its public address');
      return { public_ip };
    },
  );
}
