import { RoundhouseError } from '../../errors.ts';
import { primaryVpn } from '../../vpn/state.ts';
import { declareCachedGet } from '../cached-get.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { problems, READ_CODES } from '../schemas/problem.ts';
import { PublicIpSchema, VpnStatusSchema } from '../schemas/vpn.ts';

/** `/vpn`: the VPNs that engines use. Both routes read the same cached state. */
export function vpnRoutes(
  api: Api,
  {
    answers,
    cachedReply,
    clientReads,
    vpnState,
  }: Pick<RouteDependencies, 'answers' | 'cachedReply' | 'clientReads' | 'vpnState'>,
): void {
  declareCachedGet(api, '/status', cachedReply, {
    tag: 'vpn',
    summary: 'State of the VPN',
    description:
      'Its health by Docker, its connection by Gluetun, and the forwarded port. Without a VPN, `enabled` is false.',
    body: VpnStatusSchema,
    errors: READ_CODES,
    read: answers.vpn,
  });

  api.get(
    '/publicip',
    {
      schema: {
        tags: ['vpn'],
        summary: 'Public IP address of the VPN',
        description: 'As Gluetun reports it.',
        response: { 200: PublicIpSchema, ...problems('public_ip_unknown', ...READ_CODES) },
      },
    },
    async () => {
      const { value, outcome } = await vpnState.read();
      clientReads.record(outcome);
      const address = primaryVpn(value)?.publicAddress;
      if (!address)
        throw new RoundhouseError('public_ip_unknown', 'The public IP address of the VPN is unknown');
      return { public_ip: address.ip };
    },
  );
}
