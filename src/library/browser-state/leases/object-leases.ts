import { randomUUID } from 'node:crypto';
import type { Clock } from '../../util/clock.ts';
import { SessionLockedError } from '../errors.ts';
import { numberIn, type SessionKeys } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { SessionListing } from '../session-objects.ts';
import type { Lease, LeaseManager } from './lease.ts';
import { hasEnded, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const MAX_ATTEMPTS = 5;
/**
 * Number of the lease that is tried first. While there is a lease, an object has this number, whoever wrote it: else a
 * mount could create it although a lease with a higher number exists.
 */
const FIRST = 1;

interface LeaseRecord extends ProcessIdentity {
  readonly owner: string;
  readonly leaseMs: number;
  /** Changes with every renewal. */
  readonly renewals: number;
}

interface Observation {
  readonly content: string;
  readonly seenAt: number;
}

/**
 * Leases as objects that are created only if absent. The object with the highest number is the lease.
 *
 * Whether a lease has expired is judged by the monotonic clock of the process that wants it: it has expired if its
 * object has not changed for the length of the lease since this process first read it. Clocks of hosts are never
 * compared. The lease of a process of this host that has ended is expired at once.
 */
export class ObjectLeases implements LeaseManager {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #observations = new Map<string, Observation>();

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async acquire(keys: SessionKeys, leaseMs: number): Promise<Lease> {
    const record: LeaseRecord = { ...ownIdentity(), owner: randomUUID(), leaseMs, renewals: 0 };
    let number = FIRST;
    let previous: Lease['previous'] = 'released';
    for (let attempt = 1; ; attempt += 1) {
      if (await this.#store.create(keys.lease(number), encode(record)))
        return new ObjectLease(this.#store, keys, number, record, previous);
      const existing = await this.#readLatest(keys);
      const remainingMs = existing ? this.#remainingMs(keys.lease(existing.number), existing.record) : 0;
      if (existing && (remainingMs > 0 || attempt >= MAX_ATTEMPTS))
        throw new SessionLockedError(`${keys.user}/${keys.session}`, existing.record, remainingMs);
      number = existing ? existing.number + 1 : FIRST;
      previous = existing ? 'expired' : 'released';
    }
  }

  async #readLatest(keys: SessionKeys): Promise<{ number: number; record: LeaseRecord } | undefined> {
    const number = await latestNumber(this.#store, keys);
    const bytes = number === undefined ? undefined : await this.#store.get(keys.lease(number));
    return number !== undefined && bytes ? { number, record: decode(bytes) } : undefined;
  }

  /** Returns how long a lease can still last, at most. */
  #remainingMs(key: string, record: LeaseRecord): number {
    if (hasEnded(record)) return 0;
    const content = `${record.owner} ${record.renewals}`;
    let seen = this.#observations.get(key);
    if (seen?.content !== content) {
      seen = { content, seenAt: this.#clock.now() };
      this.#observations.set(key, seen);
    }
    return Math.max(0, seen.seenAt + record.leaseMs - this.#clock.now());
  }
}

class ObjectLease implements Lease {
  readonly previous: Lease['previous'];
  readonly #store: ObjectStore;
  readonly #keys: SessionKeys;
  readonly #number: number;
  #record: LeaseRecord;

  constructor(
    store: ObjectStore,
    keys: SessionKeys,
    number: number,
    record: LeaseRecord,
    previous: Lease['previous'],
  ) {
    this.#store = store;
    this.#keys = keys;
    this.#number = number;
    this.#record = record;
    this.previous = previous;
  }

  isConfirmedBy({ leases }: SessionListing): boolean {
    return leases.at(-1) === this.#number;
  }

  async renew(): Promise<boolean> {
    if (!(await this.#isOurs())) return false;
    const renewed = { ...this.#record, renewals: this.#record.renewals + 1 };
    await this.#store.put(this.#keys.lease(this.#number), encode(renewed));
    this.#record = renewed;
    return (await latestNumber(this.#store, this.#keys)) === this.#number;
  }

  async release(): Promise<void> {
    // The object of another holder can have this number if this lease has expired.
    if (!(await this.#isOurs())) return;
    await this.#store.delete(this.#keys.lease(this.#number));
    if (this.#number !== FIRST) await this.#store.delete(this.#keys.lease(FIRST));
  }

  async #isOurs(): Promise<boolean> {
    const bytes = await this.#store.get(this.#keys.lease(this.#number));
    return bytes !== undefined && decode(bytes).owner === this.#record.owner;
  }
}

async function latestNumber(store: ObjectStore, keys: SessionKeys): Promise<number | undefined> {
  const listed = await store.list(keys.leases);
  return listed.map(({ key }) => numberIn(keys.leases, key)).findLast((number) => number !== undefined);
}

function encode(record: LeaseRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

/** Another version of this library may have written the object, so a missing field must not make it valid forever. */
function decode(bytes: Uint8Array): LeaseRecord {
  const {
    owner = '',
    leaseMs = 60_000,
    renewals = 0,
    host = '',
    pid = 0,
    scope = '',
    started = '',
  } = JSON.parse(Buffer.from(bytes).toString());
  return { owner, leaseMs, renewals, host, pid, scope, started };
}
