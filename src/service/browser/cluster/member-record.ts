import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** An orchestrator, as it presents itself to the others. */
export interface Member {
  /** Of one run of the service. */
  readonly id: string;
  /** Name of its machine, for messages. */
  readonly name: string;
  /** Where the others reach it, such as `http://10.0.0.5:8000`; null if it has published no address. */
  readonly url: string | null;
  /** Network namespace of a loopback address, which others outside of it must not use; null for other addresses. */
  readonly loopbackOf: string | null;
  /** When the record was made, in milliseconds since the epoch. */
  readonly at: number;
}

/** How far the clocks of two machines may differ. An older record is not used: the address may be another's by now. */
const MAX_AGE_MS = 10 * 60_000;

/**
 * Signs and verifies records of orchestrators. Requests that contain the API key are sent to the address in a record. A
 * record is therefore signed with a key that is derived from the API key: whoever can only write to Redis cannot make an
 * orchestrator connect to an address.
 */
export class MemberRecords {
  readonly #key: Buffer;

  constructor(apiKey: string) {
    this.#key = Buffer.from(hkdfSync('sha256', apiKey, '', 'roundhouse orchestrator record', 32));
  }

  /** Encodes and signs a record. */
  encode(member: Member): string {
    const json = JSON.stringify(member);
    return `${this.#sign(json)}${json}`;
  }

  /**
   * Decodes a record.
   * @param now milliseconds since the epoch
   * @returns undefined if the signature, the shape or the time is wrong
   */
  decode(record: string, now: number): Member | undefined {
    const [signature, json] = [record.slice(0, 64), record.slice(64)];
    if (
      !timingSafeEqual(
        Buffer.from(this.#sign(json)),
        Buffer.from(signature.padEnd(64).slice(0, 64), 'latin1'),
      )
    )
      return undefined;
    // Signed by an orchestrator, though possibly one of another version.
    const value = JSON.parse(json) as Partial<Member>;
    return isMember(value) && Math.abs(now - value.at) <= MAX_AGE_MS ? value : undefined;
  }

  #sign(json: string): string {
    return createHmac('sha256', this.#key).update(json).digest('hex');
  }
}

function isMember(value: Partial<Member>): value is Member {
  const { id, name, url, loopbackOf, at } = value;
  return (
    typeof id === 'string' &&
    typeof name === 'string' &&
    (url === null || (typeof url === 'string' && isOrigin(url))) &&
    (loopbackOf === null || typeof loopbackOf === 'string') &&
    typeof at === 'number'
  );
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}
