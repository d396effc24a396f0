import { readFile } from 'node:fs/promises';
import { run } from '../run.ts';

/** A network bridge for one daemon, with an address range for its containers. */
export interface Bridge {
  /** Name of the interface. */
  name: string;
  /** Addresses for user-defined networks, in the form of dockerd's `--default-address-pool`. */
  pool: string;
  /** Removes the bridge, its packet filter rules, and the remaining bridges of user-defined networks. */
  remove(): Promise<void>;
}

/** Paths of the programs that configure a bridge. */
export interface BridgePrograms {
  ip: string;
  iptables: string;
}

/**
 * Creates a bridge that no other daemon uses. dockerd's default, `docker0`, exists once per machine, and two daemons
 * would assign the same addresses on it.
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
      for (const remaining of await interfacesIn([others], ip)) await run(ip, ['link', 'delete', remaining]);
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
  throw new Error(
    'no bridge name is free: delete the interfaces rhtest0 to rhtest249 that earlier runs left',
  );
}

/**
 * Whether packets between two ports of a bridge pass through the packet filter's FORWARD chain. If the machine runs a
 * Docker daemon, this chain drops them by default, and containers in one network cannot reach each other: the daemons
 * of the tests add no rules (`--iptables=false`).
 */
async function filtersBridgedPackets(): Promise<boolean> {
  const setting = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  return (await readFile(setting, 'utf8').catch(() => '0')).trim() === '1';
}

/** A rule that accepts packets within a subnet. Its comment is the name of the bridge. */
function forwardingRule(subnet: string, name: string): string[] {
  const mark = ['--match', 'comment', '--comment', name];
  return ['--source', subnet, '--destination', subnet, ...mark, '--jump', 'ACCEPT'];
}

/** Adds a bridge. @returns false if the name is taken; checking it first would be a race */
async function addBridge(name: string, ip: string): Promise<boolean> {
  try {
    await run(ip, ['link', 'add', name, 'type', 'bridge']);
    return true;
  } catch (error) {
    if (/File exists/.test((error as Error).message)) return false;
    throw error;
  }
}

/** Returns the names of interfaces with an address that starts with one of the prefixes. */
async function interfacesIn(prefixes: readonly string[], ip: string): Promise<string[]> {
  const listing = await run(ip, ['-oneline', '-4', 'address', 'show']);
  return [...listing.matchAll(/^\d+:\s+(\S+)\s+inet\s+(\S+)/gm)]
    .filter(([, , address]) => prefixes.some((prefix) => address?.startsWith(prefix)))
    .map(([, name]) => name ?? '');
}
