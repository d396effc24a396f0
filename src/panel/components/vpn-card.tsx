import { useClient, usePolled } from '../hooks.ts';
import { t } from '../lib/i18n.ts';
import { vpnsOf } from '../lib/problems.ts';
import type { Vpn, VpnStatus } from '../lib/wire.ts';
import { Badge } from './badge.tsx';
import { Card, EmptyState, Loading } from './card.tsx';
import { Property, PropertyList } from './property-list.tsx';
import { Since } from './time.tsx';

/** State of one of the VPN containers, or of the only one. */
type VpnFields = Omit<Vpn, 'mode'>;

/** State of the VPN containers. */
export function VpnCard() {
  const { resources } = useClient();
  const polled = usePolled(resources.vpn);
  return (
    <Card title={t('VPN')} from={polled} class="vpn">
      {polled.value ? <VpnList vpn={polled.value} /> : <Loading from={polled} />}
    </Card>
  );
}

function VpnList({ vpn }: { vpn: VpnStatus }) {
  if (!vpn.enabled) {
    return (
      <EmptyState title={t('No VPN configured')}>
        <p>{t('To run engines behind Gluetun, set GLUETUN_CONTAINER_NAME.')}</p>
      </EmptyState>
    );
  }
  return (
    <>
      {vpn.emergency_mode.active && (
        <p class="tone-bad">
          {t('{failed} failed. Engines use {healthy}.', {
            failed: vpn.emergency_mode.failed_vpn ?? '',
            healthy: vpn.emergency_mode.healthy_vpn ?? t('no VPN'),
          })}
        </p>
      )}
      {vpnsOf(vpn).map((one) => (
        <VpnProperties key={one.container} vpn={one} />
      ))}
    </>
  );
}

function VpnProperties({ vpn }: { vpn: VpnFields }) {
  const { connected, health, container, public_ip, country, city, provider, forwarded_port, problem } = vpn;
  const place = [city, country].filter((part) => part !== null).join(', ');
  return (
    <PropertyList>
      <Property name={container ?? 'Gluetun'}>
        {connected && problem?.responded_at && (
          <span class="data-age">
            <Since at={problem.responded_at} /> {t('old')}
          </span>
        )}
        <Badge tone={connected ? (problem ? 'warn' : 'good') : health === 'starting' ? 'idle' : 'bad'}>
          {connected ? t('Connected') : health === 'starting' ? t('Connecting') : t('Not connected')}
        </Badge>
      </Property>
      {problem && (
        <Property name={t('Problem')}>
          {problem.message}, {t('for')} <Since at={problem.since} />
        </Property>
      )}
      <Property name={t('Public IP')}>
        <span class="mono">{public_ip ?? t('Unknown')}</span>
      </Property>
      <Property name={t('Location')}>
        {[place, provider].filter(Boolean).join(' · ') || t('Unknown')}
      </Property>
      <Property name={t('Forwarded port')}>{forwarded_port ?? t('None')}</Property>
    </PropertyList>
  );
}
