import { expect, test } from 'vitest';
import { parseLabels, vpnLabelOf, writeLabels } from '../../../../src/service/runtimes/docker/labels.ts';

const MANAGED = { name: 'ondemand.app', value: 'myservice' };
const PORTS = { hostHttp: 19_000, containerHttp: 6878, containerHttps: 6879 };

test('what is written is read again, without the labels that are not of the caller', () => {
  const spec = { labels: { team: 'a' }, ports: PORTS, vpnContainer: 'gluetun', forwardedPort: 5914 };
  const written = writeLabels(MANAGED, { variant: 'jopsis-amd64', instance: 'i' }, spec);
  expect(written).toMatchObject({
    team: 'a',
    'ondemand.app': 'myservice',
    'host.http_port': '19000',
    'acestream.forwarded': 'true',
  });
  expect(parseLabels(MANAGED, written)).toEqual({
    labels: { team: 'a' },
    variant: 'jopsis-amd64',
    ports: PORTS,
    forwardedPort: 5914,
  });
  expect(vpnLabelOf(written)).toBe('gluetun');
});

test('a container of another orchestrator has the ports of its own labels', () => {
  const labels = {
    'ondemand.app': 'myservice',
    'host.http_port': '19007',
    'acestream.http_port': '40000',
    'acestream.https_port': '45000',
    'acestream.engine_variant': 'krinkuto11-amd64',
    'acestream.vpn_container': 'gluetun',
    'acestream.forwarded': 'true',
  };
  expect(parseLabels(MANAGED, labels)).toEqual({
    labels: {},
    variant: 'krinkuto11-amd64',
    ports: { hostHttp: 19_007, containerHttp: 40_000, containerHttps: 45_000 },
    forwardedPort: null,
  });
  expect(vpnLabelOf(labels)).toBe('gluetun');
});

test('a port that is no number is as good as none', () => {
  const labels = { 'host.http_port': 'x', 'acestream.http_port': '' };
  expect(parseLabels(MANAGED, labels).ports).toEqual({});
});
