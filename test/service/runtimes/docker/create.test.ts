import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../../src/service/config/config.ts';
import type { EngineSpec } from '../../../../src/service/engines/runtime.ts';
import { createOptions } from '../../../../src/service/runtimes/docker/create.ts';
import { hostOf } from '../../../../src/service/runtimes/docker/network.ts';
import { dockerEngineOptions } from '../../../../src/service/runtimes/docker/options.ts';

const SPEC: EngineSpec = {
  name: 'engine',
  ports: { hostHttp: 19_000, containerHttp: 19_000, containerHttps: 19_001 },
  labels: { team: 'a' },
  env: {},
};
const TWO_VPNS = {
  VPN_MODE: 'redundant',
  GLUETUN_CONTAINER_NAME: 'one',
  GLUETUN_CONTAINER_NAME_2: 'two',
};
const ID = 'b'.repeat(64);

function optionsFor(env: NodeJS.ProcessEnv) {
  return dockerEngineOptions(readConfig(env), 'this-service');
}

function envOf(variant: string, spec: Partial<EngineSpec>, more = {}): string[] {
  const options = optionsFor({ ENGINE_VARIANT: variant, ...more });
  return createOptions({ ...SPEC, ...spec }, options).Env!;
}

describe('an engine behind one of two VPNs', () => {
  it('joins its network and is labelled with its name', () => {
    const spec = { ...SPEC, vpnContainer: 'two', vpnContainerId: ID, forwardedPort: 6001 };
    const { HostConfig, Labels } = createOptions(spec, optionsFor(TWO_VPNS));
    expect(HostConfig).toMatchObject({ NetworkMode: `container:${ID}` });
    expect(HostConfig).not.toHaveProperty('PortBindings');
    expect(Labels).toMatchObject({
      team: 'a',
      'roundhouse.vpn-container': 'two',
      'roundhouse.forwarded-port': '6001',
    });
  });

  it.each([
    ['engines.lan', 'engines.lan'],
    ['{vpn}', 'two'],
    ['{vpn}.lan', 'two.lan'],
    ['', '127.0.0.1'],
  ])('is reached, with ENGINE_HOST %j, at %s', (ENGINE_HOST, host) => {
    const { network, engineHost } = optionsFor({ ...TWO_VPNS, ENGINE_HOST });
    expect(hostOf(network, engineHost, { name: 'engine', vpnContainer: 'two' })).toBe(host);
  });
});

describe('the forwarded port', () => {
  it('is set in the way of each image, for the engine that has it only', () => {
    expect(envOf('krinkuto11-amd64', { forwardedPort: 6001 })).toContain('P2P_PORT=6001');
    expect(envOf('krinkuto11-amd64', {}).join()).not.toContain('P2P_PORT');
    const usual = '--client-console --bind-all --http-port 19000 --https-port 19001';
    expect(envOf('jopsis-amd64', { forwardedPort: 6001 })).toEqual([`ACESTREAM_ARGS=${usual} --port 6001`]);
    expect(envOf('jopsis-amd64', {})).toEqual([`ACESTREAM_ARGS=${usual}`]);
  });

  it('is substituted in a command', () => {
    const options = optionsFor({ ENGINE_COMMAND: 'engine --port {p2p_port}' });
    expect(createOptions({ ...SPEC, forwardedPort: 6001 }, options).Cmd).toEqual([
      'engine',
      '--port',
      '6001',
    ]);
  });

  it('is overridden by the caller', () => {
    const env = { P2P_PORT: '7000' };
    expect(envOf('krinkuto11-amd64', { forwardedPort: 6001, env })).toContain('P2P_PORT=7000');
  });
});

describe('every engine', () => {
  it('has a limit of processes, and no capabilities that it does not need', () => {
    expect(createOptions(SPEC, optionsFor({})).HostConfig).toMatchObject({
      PidsLimit: 1024,
      CapDrop: expect.arrayContaining(['NET_RAW', 'MKNOD', 'SYS_CHROOT']),
      SecurityOpt: ['no-new-privileges:true'],
      AutoRemove: true,
    });
  });
});

describe('a preset for ARM', () => {
  it.each([
    ['jopsis-arm32', {}, 'jopsis/acestream:arm32-v3.2.13'],
    ['jopsis-arm32', { ENGINE_ARM32_VERSION: '3.2.14' }, 'jopsis/acestream:arm32-v3.2.14'],
    ['jopsis-arm64', {}, 'jopsis/acestream:arm64-v3.2.13'],
    ['jopsis-arm64', { ENGINE_ARM64_VERSION: '3.2.14' }, 'jopsis/acestream:arm64-v3.2.14'],
  ])('%s with %j has the image %s and a command with the ports', (ENGINE_VARIANT, versions, image) => {
    const created = createOptions(
      { ...SPEC, forwardedPort: 6001 },
      optionsFor({ ENGINE_VARIANT, ...versions }),
    );
    const command =
      'python main.py --client-console --bind-all --http-port 19000 --https-port 19001 --port 6001';
    expect(created).toMatchObject({ Image: image, Cmd: command.split(' '), Env: [] });
  });
});

describe('custom settings', () => {
  const custom = {
    platform: 'amd64',
    armVersion: '3.2.14',
    memoryLimit: 2 ** 29,
    args: ['--port', '9', '--a'],
  } as const;
  const options = optionsFor({ ENGINE_IMAGE: 'other', ENGINE_COMMAND: 'other', ENGINE_MEMORY_LIMIT: '1g' });

  it('take the place of the preset, the image, the command and the memory limit', () => {
    const created = createOptions({ ...SPEC, custom }, options);
    expect(created).toMatchObject({
      Image: 'jopsis/acestream:x64',
      Env: ['ACESTREAM_ARGS=--port 9 --a --http-port 19000 --https-port 19001'],
      Labels: { 'roundhouse.variant': 'custom' },
      HostConfig: { Memory: 2 ** 29 },
    });
    expect(created).not.toHaveProperty('Cmd');
  });

  it('choose the image of their platform, and leave the forwarded port to the VPN', () => {
    const spec = {
      ...SPEC,
      custom: { ...custom, platform: 'arm64', memoryLimit: null } as const,
      forwardedPort: 6001,
    };
    const created = createOptions(spec, options);
    expect(created).toMatchObject({
      Image: 'jopsis/acestream:arm64-v3.2.14',
      HostConfig: { Memory: 2 ** 30 },
    });
    expect(created.Cmd?.join(' ')).toBe(
      'python main.py --a --http-port 19000 --https-port 19001 --port 6001',
    );
  });
});
