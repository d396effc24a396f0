import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { readConfig } from '../../src/service/config/config.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the unit for systemd', () => {
  test('runs what npm start runs, with its environment', () => {
    const unit = read('examples/roundhouse.service');
    const [, program] = /^ExecStart=\S+\/node (.*)$/m.exec(unit)!;
    const [, variable, started] = /exec env (\S+) node (.*)$/.exec(manifest.scripts.start)!;
    expect(program).toBe(started);
    expect(unit).toContain(`\nEnvironment=${variable}\n`);
  });

  test('waits longer for the end of the service than the service takes', () => {
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(read('examples/roundhouse.service'))!;
    expect(Number(seconds)).toBeGreaterThan(8);
  });
});

describe('README.md', () => {
  const blocks = [...read('README.md').matchAll(/^```(bash|yaml)\n(.*?)^```/gms)].map(([, , text]) => text!);

  test('has the settings of gluetun.env.example', () => {
    const shown = parseEnv(blocks.find((block) => block.startsWith('VPN_SERVICE_PROVIDER'))!);
    const example = parseEnv(read('gluetun.env.example'));
    expect({ ...shown, WIREGUARD_PRIVATE_KEY: '' }).toEqual(example);
  });

  test('has valid settings for engines behind a VPN', () => {
    const env = parseEnv(blocks.find((block) => block.startsWith('COMPOSE_PROFILES'))!);
    expect(readConfig({ ...env, GLUETUN_API_KEY: '0f3c' })).toMatchObject({
      engineHost: '{vpn}',
      gluetunContainerName: 'gluetun',
      dockerNetwork: null,
    });
  });

  test('connects the stream proxy to the networks of docker-compose.yml', () => {
    const override = blocks.find((block) => block.includes('ACEXY_ORCH_URL'))!;
    const [, networks] = /networks: \[(.*)\]/.exec(override)!;
    const declared = read('docker-compose.yml').split('\nnetworks:\n')[1]!;
    for (const network of networks!.split(', ')) expect(declared).toMatch(new RegExp(`^  ${network}:$`, 'm'));
    expect(override).toContain('ACEXY_ORCH_URL: http://roundhouse-api:8000');
  });
});
