import { Type } from 'typebox';
import { VPN_PROBLEMS } from '../../vpn/problem.ts';
import { Nullable, oneOf, Time } from './common.ts';

const ProblemSchema = Type.Object(
  {
    code: oneOf(VPN_PROBLEMS),
    message: Type.String(),
    since: Time,
    responded_at: Nullable(Time),
  },
  {
    title: 'VpnProblem',
    description:
      'What is wrong with the VPN. `responded_at`: when its control server last responded, so when the other fields were current.',
  },
);

const VpnFields = {
  enabled: Type.Boolean(),
  status: Nullable(Type.String({ description: 'State of the VPN container' })),
  container_name: Nullable(Type.String()),
  container: Nullable(Type.String({ description: 'Same as `container_name`, for older clients' })),
  health: oneOf(['healthy', 'unhealthy', 'starting', 'unknown']),
  connected: Type.Boolean(),
  forwarded_port: Nullable(Type.Integer()),
  public_ip: Nullable(Type.String()),
  provider: Nullable(Type.String()),
  country: Nullable(Type.String()),
  city: Nullable(Type.String()),
  region: Nullable(Type.String()),
  last_check: Nullable(Type.String({ format: 'date-time', description: 'Time of the last check' })),
  last_check_at: Nullable(Type.String({ format: 'date-time', description: 'Same as `last_check`' })),
  problem: Nullable(ProblemSchema),
};

const VpnSchema = Type.Object({ mode: Type.Literal('single'), ...VpnFields }, { title: 'Vpn' });

/** `GET /vpn/status`. */
export const VpnStatusSchema = Type.Object(
  {
    mode: oneOf(['disabled', 'single', 'redundant'], {
      description:
        'With `redundant`, `vpn1` and `vpn2` describe the two VPNs, and the other fields describe the first that is connected.',
    }),
    ...VpnFields,
    vpn1: Nullable(VpnSchema),
    vpn2: Nullable(VpnSchema),
    emergency_mode: Type.Object(
      {
        active: Type.Boolean(),
        failed_vpn: Nullable(Type.String()),
        healthy_vpn: Nullable(Type.String()),
        duration_seconds: Type.Number({ minimum: 0, description: '0 if not active' }),
      },
      { description: 'Active while one of two VPNs has failed' },
    ),
  },
  { title: 'VpnStatus' },
);

/** `GET /vpn/publicip`. */
export const PublicIpSchema = Type.Object({ public_ip: Type.String() });
