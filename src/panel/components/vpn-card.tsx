import { useFeed, useService } from '../hooks.ts';
import type { OneVpn, Vpn } from '../lib/wire.ts';
import { Badge } from './badge.tsx';
import { Card, Empty, Pending } from './card.tsx';
import { Fact, Facts } from './facts.tsx';

export function VpnCard() {
  const { feeds } = useService();
  const polled = useFeed(feeds.vpn);
  return (
    <Card title="VPN" from={polled} class="vpn">
      {polled.value ? <Vpns vpn={polled.value} /> : <Pending from={polled} />}
    </Card>
  );
}

function Vpns({ vpn }: { vpn: Vpn }) {
  if (!vpn.enabled) {
    return (
      <Empty title="No VPN is set up">
        <p>
          To put engines behind Gluetun, set <code>GLUETUN_CONTAINER_NAME</code>.
        </p>
      </Empty>
    );
  }
  const both = [vpn.vpn1, vpn.vpn2].filter((one) => one !== null);
  return (
    <>
      {vpn.emergency_mode.active && (
        <p class="tone-bad">
          {vpn.emergency_mode.failed_vpn} has failed; engines use {vpn.emergency_mode.healthy_vpn ?? 'none'}.
        </p>
      )}
      {(both.length > 0 ? both : [vpn]).map((one) => (
        <One key={one.container} vpn={one} />
      ))}
    </>
  );
}

function One({ vpn }: { vpn: OneVpn }) {
  const { connected, health, container, public_ip, country, city, provider, forwarded_port } = vpn;
  const place = [city, country].filter((part) => part !== null).join(', ');
  return (
    <Facts>
      <Fact name={container ?? 'Gluetun'}>
        <Badge tone={connected ? 'good' : health === 'starting' ? 'idle' : 'bad'}>
          {connected ? 'Connected' : health === 'starting' ? 'Connecting' : 'Not connected'}
        </Badge>
      </Fact>
      <Fact name="Address">
        <span class="mono">{public_ip ?? 'not known'}</span>
      </Fact>
      <Fact name="Country">{[place, provider].filter(Boolean).join(' · ') || 'not known'}</Fact>
      <Fact name="Forwarded port">{forwarded_port ?? 'none'}</Fact>
    </Facts>
  );
}
