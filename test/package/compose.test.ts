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

  it('names settings that exist, with values that Roundhouse takes', () => {
    const known = Object.values(SETTINGS).flatMap(({ env }) => [...env]);
    expect(known).toEqual(expect.arrayContaining(Object.keys(roundhouse.environment)));
    expect(configOf(roundhouse)).toMatchObject({ engineRuntime: 'docker', apiKey: null, minReplicas: 1 });
  });

  it('leads Roundhouse to Docker through the proxy alone', () => {
    expect(configOf(roundhouse).dockerSocket).toBe('tcp://socket-proxy:2375');
    const holders = Object.entries(services).filter(([, { volumes }]) =>
      volumes?.join().includes('docker.sock'),
    );
    expect(holders.map(([name]) => name)).toEqual(['socket-proxy']);
    expect(proxy.volumes).toEqual(['/var/run/docker.sock:/var/run/docker.sock:ro']);
  });

  it('keeps the proxy on a network with nobody but Roundhouse, and off the host', () => {
    expect(proxy.networks).toEqual(['control']);
    expect(proxy.ports).toBeUndefined();
    expect(networks.control).toEqual({ internal: true });
    const members = Object.entries(services).filter(([, service]) => service.networks.includes('control'));
    expect(members.map(([name]) => name)).toEqual(['roundhouse', 'socket-proxy']);
  });

  it('publishes Roundhouse on 127.0.0.1 alone, at the port it listens on', () => {
    expect(roundhouse.ports).toEqual([`127.0.0.1:8000:${configOf(roundhouse).port}`]);
    expect(gluetun.ports).toBeUndefined();
  });

  it('puts engines on the network that Roundhouse is on', () => {
    expect(networks.engines?.name).toBe(configOf(roundhouse).dockerNetwork);
    expect(roundhouse.networks).toContain('engines');
  });

  it('keeps the data in a volume at the folder that the image names', () => {
    expect(roundhouse.volumes).toEqual(['data:/data']);
    expect(volumes).toHaveProperty('data');
  });

  it('names exact versions of the images of others', () => {
    expect(proxy.image).toMatch(/:v\d+\.\d+\.\d+$/);
    expect(gluetun.image).toMatch(/:v\d+\.\d+\.\d+$/);
    expect(roundhouse).toMatchObject({ build: '.', image: 'roundhouse' });
  });

  it('puts engines behind Gluetun with the lines that its head names', () => {
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

  it('shares engines out over two with the further lines', () => {
    const { roundhouse, gluetun: first, 'gluetun-2': second } = readCompose(TWO_VPNS).services;
    expect(configOf(roundhouse)).toMatchObject({
      vpnMode: 'redundant',
      gluetunContainerName: first.container_name,
      gluetunContainerName2: second.container_name,
      engineHost: '{vpn}',
    });
    // They are alike but for what each of them has to have of its own.
    const own = (service: ComposeService) => {
      const { profiles, container_name, env_file, volumes, ...alike } = service;
      return { alike, own: [profiles, container_name, env_file, volumes] };
    };
    expect(own(second).alike).toEqual(own(first).alike);
    for (const [index, value] of own(second).own.entries()) expect(value).not.toEqual(own(first).own[index]);
    expect(second.profiles).toEqual(['vpn2']);
  });

  it('names in its head every line that the tests above set', () => {
    const head = readHead();
    for (const [name, value] of Object.entries(TWO_VPNS))
      expect(head).toContain(name === 'GLUETUN_API_KEY' ? `#   ${name}=<` : `#   ${name}=${value}\n`);
  });
});
