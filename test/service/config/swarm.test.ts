import { expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../../src/service/config/config.ts';

const SWARM = { ENGINE_RUNTIME: 'swarm' };

it('a Swarm has several managers, and no other runtime has', () => {
  const DOCKER_HOST = 'tcp://10.0.0.1:2375,unix:///run/docker.sock';
  expect(readConfig({ ...SWARM, DOCKER_HOST }).dockerSocket).toBe(DOCKER_HOST);
  expect(() => readConfig({ DOCKER_HOST })).toThrow(/several addresses, which requires ENGINE_RUNTIME=swarm/);
});

it.each([
  'tcp://:2375',
  'tcp://manager:99999',
  'tcp://manager:2375,',
  'tcp://manager:2375/path',
  'tcp://user@manager:2375',
  'tcp://manager?x',
  'tcp://[::1',
  'unix://relative',
  'https://manager:2376',
  'ssh://manager',
])('the managers %s are refused', (DOCKER_HOST) => {
  expect(() => readConfig({ ...SWARM, DOCKER_HOST })).toThrow(/DOCKER_HOST=.*must be unix/);
});

it('managers may be separated by a comma and a space', () => {
  const DOCKER_HOST = 'tcp://[fd00::1]:2375, tcp://manager:80';
  expect(readConfig({ ...SWARM, DOCKER_HOST }).dockerSocket).toBe('tcp://[fd00::1]:2375,tcp://manager:80');
});

it('Gluetun and networks are refused with the reason and what to do instead', () => {
  const problems = (variables: Record<string, string>) => {
    try {
      readConfig({ ...SWARM, ...variables });
      return '';
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message;
    }
  };
  expect(problems({ GLUETUN_CONTAINER_NAME: 'gluetun' })).toMatch(
    /cannot join the network of a container.*ENGINE_RUNTIME=docker on one machine/s,
  );
  expect(problems({ DOCKER_NETWORK: 'engines' })).toMatch(/DOCKER_NETWORK cannot be used/);
  expect(problems({})).toBe('');
});
