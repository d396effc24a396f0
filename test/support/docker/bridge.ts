import { run } from '../run.ts';

/** A network bridge of its own for one daemon, and the addresses that go with it. */
export interface Bridge {
  name: string;
  /** Addresses for networks that users of the daemon create, as its `--default-address-pool` wants them. */
  pool: string;
  /** Removes it, and the bridges of those networks where the daemon could not. */
  remove(): Promise<void>;
}

/**
 * Makes a bridge that no other daemon has. dockerd's own `docker0` is one per machine: two daemons on it
 * hand out the same addresses.
 * @param ip path of iproute2's `ip`
 */
export async function createBridge(ip: string): Promise<Bridge> {
  for (let n = 0; n < 250; n++) {
    const name = `rhtest${n}`;
    const [own, others] = [`10.213.${n}.`, `10.214.${n}.`];
    const used = await interfacesIn([own, others], ip);
    if (used.length > 0 || !(await addBridge(name, ip))) continue;
    const remove = async () => {
      for (const left of await interfacesIn([others], ip)) await run(ip, ['link', 'delete', left]);
      await run(ip, ['link', 'delete', name]);
    };
    try {
      await run(ip, ['address', 'add', `${own}1/24`, 'dev', name]);
      await run(ip, ['link', 'set', name, 'up']);
    } catch (error) {
      await remove();
      throw error;
    }
    return { name, pool: `base=${others}0/24,size=28`, remove };
  }
  throw new Error('no bridge name is free: 250 test daemons have left theirs');
}

/** Adds a bridge; false where the name is taken, which only the attempt can tell without a race. */
async function addBridge(name: string, ip: string): Promise<boolean> {
  try {
    await run(ip, ['link', 'add', name, 'type', 'bridge']);
    return true;
  } catch (error) {
    if (/File exists/.test((error as Error).message)) return false;
    throw error;
  }
}

/** Names of interfaces that have an address which begins with one of the prefixes. */
async function interfacesIn(prefixes: readonly string[], ip: string): Promise<string[]> {
  const listing = await run(ip, ['-oneline', '-4', 'address', 'show']);
  return [...listing.matchAll(/^\d+:\s+(\S+)\s+inet\s+(\S+)/gm)]
    .filter(([, , address]) => prefixes.some((prefix) => address?.startsWith(prefix)))
    .map(([, name]) => name ?? '');
}
