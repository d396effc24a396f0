import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/service/config/config.ts';
import { SETTINGS } from '../../src/service/config/settings.ts';
import { type ComposeService, readCompose, readHead } from '../support/docker/compose.ts';

const VPN = {
  GLUETUN_CONTAINER_NAME: 'gluetun',
  GLUETUN_API_KEY: 'a-key-for-the-vpn',
  ENGINE_HOST: '{vpn}',
  DOCKER_NETWORK: '',
};
const TWO_VPNS = { ...VPN, VPN_MODE: 'redundant', GLUETUN_CONTAINER_NAME_2: 'gluetun-2' };

function configOf({ environment }: ComposeService) {
  return readConfig(
    Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])),
  );
}

describe('docker-compose.yml', () => {
  const { services, networks, volumes } = readCompose();
  const { roundhouse, 'socket-proxy': proxy, gluetun } = services;

  it('uses existing settings with valid values', () => {
    const names = Object.values(SETTINGS).flatMap(({ env }) => [...env]);
    expect(names).toEqual(expect.arrayContaining(Object.keys(roundhouse.environment)));
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
    expect(roundhouse.volumes).toEqual(['data:/data']);
    expect(volumes).toHaveProperty('data');
  });

  it('uses exact versions of external images', () => {
    expect(proxy.image).toMatch(/:v\d+\.\d+\.\d+$/);
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
    expect(JSON.parse(String(behindVpn.gluetun.environment.HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE))).toEqual({
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
