import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { docker } from '../docker/docker-programs.ts';
import { importImage, sharedLibraries } from '../docker/import-image.ts';
import { roundhouseImage } from '../docker/roundhouse-image.ts';
import { run } from '../run.ts';
import { findProgram, SEARCH_PATH } from '../system-packages.ts';
import type { Swarm } from './swarm.ts';
import type { SwarmNode } from './swarm-node.ts';

const STACK_FILE = fileURLToPath(new URL('../../../docker-stack.yml', import.meta.url));
const PROXY = fileURLToPath(new URL('../docker/socket-proxy.ts', import.meta.url));

/**
 * Gives all nodes the images of docker-stack.yml: that of Roundhouse, built by the daemon at `builder`, which has access
 * to the package registry, and substitutes for the public ones.
 */
export async function loadStackImages(swarm: Swarm, builder: string): Promise<void> {
  const image = await roundhouseImage(builder);
  const archive = join(swarm.folder, 'roundhouse.tar');
  await docker(builder, 'tag', image, 'roundhouse');
  await docker(builder, 'save', '--output', archive, 'roundhouse');
  const { services } = parse(readFileSync(STACK_FILE, 'utf8'), { merge: true }) as {
    services: Record<'socket-proxy' | 'redis', { image: string }>;
  };
  await Promise.all(
    swarm.nodes.map(async (node) => {
      await node.docker('load', '--input', archive);
      await importProxy(node.socket, services['socket-proxy'].image);
      await importRedis(node.socket, services.redis.image);
    }),
  );
  await rm(archive);
}

/** Variables of docker-stack.yml. */
export type StackSettings = Readonly<Record<string, string>>;

/**
 * Runs the first commands of docs/swarm.md on a manager: its network, and secrets with the values given. The network is
 * not encrypted, because not every kernel has IPsec (ESP). Docker would drop its packets without a message.
 */
export async function prepareStack(manager: SwarmNode, secrets: Record<string, string>): Promise<void> {
  await manager.docker('network', 'create', '--driver', 'overlay', '--internal', 'roundhouse-control');
  for (const [name, value] of Object.entries(secrets)) {
    const file = join(manager.folder, name);
    await writeFile(file, value);
    await manager.docker('secret', 'create', name, file);
  }
}

/** Deploys docker-stack.yml, for the first time or again. */
export async function deployStack(manager: SwarmNode, settings: StackSettings): Promise<void> {
  const deploy = ['stack', 'deploy', '--compose-file', STACK_FILE, '--resolve-image', 'never', 'roundhouse'];
  await run('docker', ['--host', `unix://${manager.socket}`, ...deploy], {
    env: { PATH: SEARCH_PATH, HOME: manager.folder, ...settings },
  });
}

async function importProxy(socket: string, tag: string): Promise<void> {
  await importImage(socket, tag, {
    files: {
      ...(await sharedLibraries(process.execPath)),
      '/usr/local/bin/node': process.execPath,
      '/proxy/socket-proxy.ts': PROXY,
    },
    texts: { '/proxy/package.json': '{"type":"module"}' },
    changes: ['ENTRYPOINT ["/usr/local/bin/node", "/proxy/socket-proxy.ts"]'],
  });
}

/** The public image accepts connections from other machines without a password, as the program itself does not. */
async function importRedis(socket: string, tag: string): Promise<void> {
  const program = findProgram('redis-server');
  if (program === null) throw new Error('redis-server not found');
  await importImage(socket, tag, {
    files: { ...(await sharedLibraries(program)), '/usr/lib/redis/redis-server': program },
    texts: {
      '/usr/local/bin/redis-server': '#!/bin/sh\nexec /usr/lib/redis/redis-server --protected-mode no "$@"\n',
    },
    changes: ['ENV PATH=/usr/local/bin:/bin'],
  });
}
