import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/service/config/config.ts';
import { SETTINGS } from '../../src/service/config/settings.ts';
import { type ComposeService, readCompose, readHead } from '../support/docker/compose.ts';
import { findRejection, readRules } from '../support/docker/socket-proxy.ts';

const VPN = {
  GLUETUN_CONTAINER_NAME: 'gluetun',
  GLUETUN_API_KEY: 'a-key-for-the-vpn',
  ENGINE_HOST: '{vpn}',
  DOCKER_NETWORK: '',
};
const TWO_VPNS = { ...VPN, VPN_MODE: 'redundant', GLUETUN_CONTAINER_NAME_2: 'gluetun-2' };

function configOf({ environment }: ComposeService) {
  return readConfig(
    Object.fromEntries(Object.entries(environment ?? {}).map(([name, value]) => [name, String(value)])),
  );
}

describe('docker-compose.yml', () => {
  const { services, networks, volumes } = readCompose();
  const { roundhouse, 'socket-proxy': proxy, gluetun } = services;

  it('uses existing settings with valid values', () => {
    const names = Object.values(SETTINGS).flatMap(({ env }) => [...env]);
    expect(names).toEqual(expect.arrayContaining(Object.keys(roundhouse.environment ?? {})));
    expect(configOf(roundhouse)).toMatchObject({ engineRuntime: 'docker', apiKey: null, minReplicas: 1 });
  });

  it('gives Roundhouse access to Docker only through the proxy', () => {
    expect(configOf(roundhouse).dockerSocket).toBe('tcp://socket-proxy:2375');
    const holders = Object.entries(services).filter(([, { volumes }]) =>
      volumes?.join().includes('docker.sock'),
    );
    expect(holders.map(([name]) => name)).toEqual(['socket-proxy']);
    expect(proxy.volumes).toEqual(['/var/run/docker.sock:/var/run/docker.sock:ro']);
  });

  it('passes every setting in .env to Roundhouse, whose own values are not overridden', () => {
    expect(roundhouse.env_file).toEqual([{ path: '.env', required: false }]);
    const fixed = ['HOST', 'PORT', 'DATA_DIR', 'ENGINE_RUNTIME', 'DOCKER_HOST'];
    const samples: Record<string, string> = {
      API_KEY: 'a-key-of-12',
      ENGINE_VARIANT: 'jopsis-amd64',
      MIN_REPLICAS: '2',
      MAX_REPLICAS: '7',
      VPN_MODE: 'redundant',
    };
    for (const name of Object.keys(roundhouse.environment ?? {}).filter((each) => !fixed.includes(each))) {
      const value = samples[name] ?? 'value';
      // Compose gives `environment` precedence over `env_file`, so it has to repeat the value of .env.
      expect(readCompose({ [name]: value }).services.roundhouse.environment?.[name], name).toBe(value);
    }
  });

  it('gives no container more than it needs', () => {
    for (const service of [roundhouse, proxy]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        pids_limit: expect.any(Number),
      });
    }
    const folders = (roundhouse.volumes ?? []).filter((volume) => volume.startsWith('/'));
    expect(folders).toEqual(['/proc:/host/proc:ro', '/sys/fs/cgroup:/host/cgroup:ro']);
  });

  describe('the proxy', () => {
    const rules = readRules(proxy.command ?? []);
    const id = 'a'.repeat(64);
    const isAllowed = ([method, path]: readonly [string, string]) =>
      findRejection(rules, method, path) === null;

    it.each([
      ['GET', '/_ping'],
      ['GET', '/events?filters=%7B%7D'],
      ['GET', '/containers/json?all=true'],
      ['GET', `/containers/${id}/json`],
      ['GET', '/containers/gluetun-2/json'],
      ['GET', `/containers/${id}/stats?stream=false&one-shot=true`],
      ['GET', `/containers/${id}/logs?follow=1`],
      ['POST', '/containers/create?name=roundhouse-engine-19000-abcdef'],
      ['POST', `/containers/${id}/start`],
      ['POST', `/containers/${id}/stop?t=2`],
      ['POST', '/containers/gluetun/restart?t=10'],
      ['POST', `/containers/${id}/wait?condition=removed`],
      ['DELETE', `/containers/${id}?force=true&v=true`],
      ['GET', '/v1.47/_ping'],
    ] as const)('permits %s %s', (...request) => {
      expect(isAllowed(request)).toBe(true);
    });

    /** Everything else that the Docker API has. `*` is an id or a name. @see https://docs.docker.com/reference/api/engine/ */
    const OTHERS = {
      GET: [
        '/containers/*/archive /containers/*/export /containers/*/changes /containers/*/top /containers/*/attach/ws',
        '/images/json /images/*/json /images/*/history /images/search /images/*/get /images/get',
        '/networks /networks/* /volumes /volumes/* /exec/*/json /info /version /system/df /distribution/*/json',
        '/swarm /swarm/unlockkey /nodes /nodes/* /services /services/* /services/*/logs /tasks /tasks/* /tasks/*/logs',
        '/secrets /secrets/* /configs /configs/* /plugins /plugins/privileges /plugins/*/json',
      ],
      HEAD: ['/_ping /containers/*/archive'],
      PUT: ['/containers/*/archive'],
      POST: [
        '/containers/*/kill /containers/*/update /containers/*/rename /containers/*/pause /containers/*/unpause',
        '/containers/*/attach /containers/*/exec /containers/*/resize /containers/prune /commit /build /build/prune',
        '/images/create /images/*/push /images/*/tag /images/prune /images/load /auth /session /grpc',
        '/networks/create /networks/*/connect /networks/*/disconnect /networks/prune /volumes/create /volumes/prune',
        '/exec/*/start /exec/*/resize /swarm/init /swarm/join /swarm/leave /swarm/update /swarm/unlock',
        '/services/create /services/*/update /nodes/*/update /secrets/create /secrets/*/update /configs/create',
        '/configs/*/update /plugins/pull /plugins/create /plugins/*/enable /plugins/*/disable /plugins/*/set',
      ],
      DELETE: ['/images/* /networks/* /volumes/* /services/* /nodes/* /secrets/* /configs/* /plugins/*'],
    };
    const others = Object.entries(OTHERS).flatMap(([method, lines]) =>
      lines
        .join(' ')
        .split(' ')
        .flatMap((path) => [path, `/v1.47${path}`].map((each) => [method, each.replace('*', id)] as const)),
    );

    it('rejects everything else', () => {
      expect(others.length).toBeGreaterThan(150);
      expect(others.filter(isAllowed)).toEqual([]);
    });

    it.each([
      ['GET', '/containers/../images/json'],
      ['GET', '/containers/a/b/json'],
      ['GET', '/containers/a%2f..%2fjson/archive'],
      ['GET', '//containers/json'],
      ['GET', '/containers/json/'],
      ['GET', '/prefix/_ping'],
      ['GET', '/_ping/../info'],
      ['POST', '/containers/prune/start/../../prune'],
      ['DELETE', '/containers/a/b'],
      ['PATCH', '/containers/create'],
    ] as const)('rejects %s %s', (...request) => {
      expect(isAllowed(request)).toBe(false);
    });
  });

  it('puts the proxy on a network with Roundhouse only, without published ports', () => {
    expect(proxy.networks).toEqual(['control']);
    expect(proxy.ports).toBeUndefined();
    expect(networks.control).toEqual({ internal: true });
    const members = Object.entries(services).filter(([, service]) => service.networks.includes('control'));
    expect(members.map(([name]) => name)).toEqual(['roundhouse', 'socket-proxy']);
  });

  it('publishes Roundhouse on 127.0.0.1 only, at the port on which it listens', () => {
    expect(roundhouse.ports).toEqual([`127.0.0.1:8000:${configOf(roundhouse).port}`]);
    expect(gluetun.ports).toBeUndefined();
  });

  it('puts engines on a network of Roundhouse', () => {
    expect(networks.engines?.name).toBe(configOf(roundhouse).dockerNetwork);
    expect(roundhouse.networks).toContain('engines');
  });

  it('makes Roundhouse listen only in a network without engines, in which Docker publishes its port', () => {
    const { host, dockerNetwork } = configOf(roundhouse);
    expect(roundhouse.aliases.api).toEqual([host]);
    expect(Object.values(roundhouse.aliases).flat()).toEqual([host]);
    const members = Object.entries(services).filter(([, service]) => service.networks.includes('api'));
    expect(members.map(([name]) => name)).toEqual(['roundhouse']);
    // Of the networks with a gateway, Docker uses the one whose name sorts first.
    expect([networks.api!.name!, dockerNetwork!].toSorted()[0]).toBe(networks.api!.name);
    expect(networks.api!.internal).toBeUndefined();
  });

  it('stores the data in a volume at the folder of the image', () => {
    expect(roundhouse.volumes).toContain('data:/data');
    expect(configOf(roundhouse).dataDir).toBe('/data');
    expect(volumes).toHaveProperty('data');
  });

  it('uses exact versions of external images', () => {
    expect(proxy.image).toMatch(/:\d+\.\d+\.\d+$/);
    expect(gluetun.image).toMatch(/:v\d+\.\d+\.\d+$/);
    expect(roundhouse).toMatchObject({ build: '.', image: 'roundhouse' });
  });

  it('puts engines behind Gluetun with the settings in its head comment', () => {
    const behindVpn = readCompose(VPN).services;
    expect(gluetun.profiles).toEqual(['vpn']);
    expect(configOf(behindVpn.roundhouse)).toMatchObject({
      gluetunContainerName: behindVpn.gluetun.container_name,
      gluetunApiKey: VPN.GLUETUN_API_KEY,
      vpnMode: 'single',
      engineHost: '{vpn}',
      dockerNetwork: null,
    });
    expect(JSON.parse(String(behindVpn.gluetun.environment?.HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE))).toEqual({
      auth: 'apikey',
      apikey: VPN.GLUETUN_API_KEY,
    });
    expect(behindVpn.gluetun.networks).toEqual(['engines']);
  });

  it('distributes engines over two VPNs with the additional settings', () => {
    const { roundhouse, gluetun: first, 'gluetun-2': second } = readCompose(TWO_VPNS).services;
    expect(configOf(roundhouse)).toMatchObject({
      vpnMode: 'redundant',
      gluetunContainerName: first.container_name,
      gluetunContainerName2: second.container_name,
      engineHost: '{vpn}',
    });
    // They differ only in these properties.
    const split = (service: ComposeService) => {
      const { profiles, container_name, env_file, volumes, ...common } = service;
      return { common, different: [profiles, container_name, env_file, volumes] };
    };
    expect(split(second).common).toEqual(split(first).common);
    for (const [index, value] of split(second).different.entries())
      expect(value).not.toEqual(split(first).different[index]);
    expect(second.profiles).toEqual(['vpn2']);
  });

  it('lists the settings of these tests in its head comment', () => {
    const head = readHead();
    for (const [name, value] of Object.entries(TWO_VPNS))
      expect(head).toContain(name === 'GLUETUN_API_KEY' ? `#   ${name}=<` : `#   ${name}=${value}\n`);
  });
});
