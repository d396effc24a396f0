import { randomInt } from 'node:crypto';
import { run } from '../run.ts';

const MAX_ATTEMPTS = 50;

/** A network of machines that exist only as network namespaces, connected by a bridge, and reached from this machine. */
export interface SwarmNetwork {
  /** Part of all names and addresses of the network. */
  readonly id: number;
  /** Path of a machine's namespace; the first machine has the number 1. */
  namespaceOf(machine: number): string;
  /** Address of a machine. */
  addressOf(machine: number): string;
  /** Address of this machine in the network. */
  readonly ownAddress: string;
  /** Disconnects a machine from the others, or connects it again. */
  setLink(machine: number, state: 'up' | 'down'): Promise<void>;
  /** Removes the namespaces, and with them all interfaces. */
  remove(): Promise<void>;
}

/**
 * Creates the network. The bridge has a namespace of its own too: a daemon on this machine sets the policy of FORWARD
 * to DROP, which would stop the packets that cross a bridge here.
 */
export async function createNetwork(machines: number, ip: string): Promise<SwarmNetwork> {
  const id = await claimId(ip);
  const numbers = Array.from({ length: machines }, (_, index) => index + 1);
  const name = (number: number) => `rhswarm${id}-${number}`;
  const inside = (number: number, ...args: string[]) => run(ip, ['-n', name(number), ...args]);
  const remove = async () => {
    const existing = await run(ip, ['netns', 'list']);
    for (const number of [0, ...numbers])
      if (existing.match(new RegExp(`^${name(number)}\\b`, 'm')))
        await run(ip, ['netns', 'delete', name(number)]);
  };
  const network: SwarmNetwork = {
    id,
    namespaceOf: (number) => `/run/netns/${name(number)}`,
    addressOf: (number) => `10.77.${id}.${number}`,
    ownAddress: `10.77.${id}.254`,
    setLink: async (number, state) => {
      await inside(0, 'link', 'set', `port${number}`, state);
    },
    remove,
  };
  try {
    await inside(0, 'link', 'add', 'br0', 'type', 'bridge');
    await inside(0, 'link', 'set', 'br0', 'up');
    await Promise.all(
      numbers.map(async (number) => {
        await run(ip, ['netns', 'add', name(number)]);
        await inside(
          0,
          'link',
          'add',
          `port${number}`,
          'type',
          'veth',
          'peer',
          'name',
          'eth0',
          'netns',
          name(number),
        );
        await inside(0, 'link', 'set', `port${number}`, 'master', 'br0', 'up');
        await inside(number, 'address', 'add', `${network.addressOf(number)}/24`, 'dev', 'eth0');
        await inside(number, 'link', 'set', 'eth0', 'up');
        await inside(number, 'link', 'set', 'lo', 'up');
      }),
    );
    // The interface on this machine. It disappears with its peer.
    const own = `rhsw${id}`;
    await inside(0, 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', own, 'netns', '1');
    await inside(0, 'link', 'set', 'uplink', 'master', 'br0', 'up');
    await run(ip, ['address', 'add', `${network.ownAddress}/24`, 'dev', own]);
    await run(ip, ['link', 'set', own, 'up']);
  } catch (error) {
    await remove();
    throw error;
  }
  return network;

  async function claimId(program: string): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      const candidate = randomInt(20, 250);
      try {
        await run(program, ['netns', 'add', `rhswarm${candidate}-0`]);
        return candidate;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }
}
