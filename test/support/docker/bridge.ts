import { readFile } from 'node:fs/promises';
import { run } from '../run.ts';

/** A network bridge for one daemon, with the addresses of its containers. */
export interface Bridge {
  name: string;
  /** Addresses for user-defined networks, in the form of dockerd's `--default-address-pool`. */
  pool: string;
  /** Removes the bridge, its packet filter rules, and bridges of user-defined networks that the daemon left. */
  remove(): Promise<void>;
}

/** Paths of the programs that set up a bridge. */
export interface BridgePrograms {
  ip: string;
  iptables: string;
}

/**
 * Creates a bridge that no other daemon uses. dockerd's own `docker0` exists once per machine: two daemons on it
 * assign the same addresses.
 */
export async function createBridge({ ip, iptables }: BridgePrograms): Promise<Bridge> {
  for (let n = 0; n < 250; n++) {
    const name = `rhtest${n}`;
    const [own, others] = [`10.213.${n}.`, `10.214.${n}.`];
    const used = await interfacesIn([own, others], ip);
    if (used.length > 0 || !(await addBridge(name, ip))) continue;
    const rules = [own, others].map((prefix) => forwardingRule(`${prefix}0/24`, name));
    const removals: (() => Promise<unknown>)[] = [];
    const remove = async () => {
      for (const left of await interfacesIn([others], ip)) await run(ip, ['link', 'delete', left]);
      for (const removal of removals.splice(0).reverse()) await removal();
    };
    removals.push(() => run(ip, ['link', 'delete', name]));
    try {
      await run(ip, ['address', 'add', `${own}1/24`, 'dev', name]);
      await run(ip, ['link', 'set', name, 'up']);
      if (await filtersBridgedPackets()) {
        for (const rule of rules) {
          await run(iptables, ['--wait', '--insert', 'FORWARD', '1', ...rule]);
          removals.push(() => run(iptables, ['--wait', '--delete', 'FORWARD', ...rule]));
        }
      }
    } catch (error) {
      await remove();
      throw error;
    }
    return { name, pool: `base=${others}0/24,size=28`, remove };
  }
  throw new Error('no bridge name is free: 250 test daemons have left theirs');
}

/**
 * Whether packets between two ports of one bridge pass the packet filter's FORWARD chain. Where another Docker
 * daemon runs, that chain drops what it does not accept, and containers of one network cannot reach each other:
 * the daemons of the tests write no rules of their own (`--iptables=false`).
 */
async function filtersBridgedPackets(): Promise<boolean> {
  const setting = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  return (await readFile(setting, 'utf8').catch(() => '0')).trim() === '1';
}

/** Accepts packets within a subnet, marked with the bridge's name. */
function forwardingRule(subnet: string, name: string): string[] {
  const mark = ['--match', 'comment', '--comment', name];
  return ['--source', subnet, '--destination', subnet, ...mark, '--jump', 'ACCEPT'];
}

/** Adds a bridge; false if the name is taken, which only the attempt shows without a race. */
async function addBridge(name: string, ip: string): Promise<boolean> {
  try {
    await run(ip, ['link', 'add', name, 'type', 'bridge']);
    return true;
  } catch (error) {
    if (/File exists/.test((error as Error).message)) return false;
    throw error;
  }
}

/** Names of interfaces with an address that begins with one of the prefixes. */
async function interfacesIn(prefixes: readonly string[], ip: string): Promise<string[]> {
  const listing = await run(ip, ['-oneline', '-4', 'address', 'show']);
  return [...listing.matchAll(/^\d+:\s+(\S+)\s+inet\s+(\S+)/gm)]
    .filter(([, , address]) => prefixes.some((prefix) => address?.startsWith(prefix)))
    .map(([, name]) => name ?? '');
}
