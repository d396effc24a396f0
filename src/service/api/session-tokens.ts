import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SerialTask } from '../../library/util/serial-task.ts';
import { ensureFolder } from '../config/data-folder.ts';

/** Expiry in seconds since the epoch, id, signature. */
const TOKEN = /^(\d{1,12})\.([\w-]{22})\.([\w-]{43})$/;
const ID = /^[\w-]{22}$/;
const MAX_REVOKED = 10_000;

/** Options of {@link SessionTokens}. */
export interface SessionTokensOptions {
  /** Signs the tokens: another key makes all tokens invalid. */
  apiKey: string;
  /** Folder of the file with revoked tokens. */
  dataDir: string;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
  /** Called if the file cannot be read or written. */
  onError: (message: string) => void;
}

/**
 * Tokens of users who have logged in. They are signed, not stored, so that they remain valid after a restart, and at
 * other orchestrators with the same API key. Those that were revoked before they expire are stored, and shared over Redis.
 */
export class SessionTokens {
  /** Name of the cookie. Other services of this host have other keys, and their cookies other names. */
  readonly cookieName: string;
  readonly #secret: Buffer;
  readonly #path: string;
  readonly #now: () => number;
  readonly #onError: (message: string) => void;
  /** Expiry of the revoked tokens by their ids. */
  readonly #revoked: Map<string, number>;
  readonly #save = new SerialTask(() => this.#write());
  readonly #listeners = new Set<() => void>();

  constructor({ apiKey, dataDir, now, onError }: SessionTokensOptions) {
    this.#secret = createHmac('sha256', apiKey).update('roundhouse session').digest();
    const digest = createHash('sha256').update(this.#secret).digest('hex');
    this.cookieName = `roundhouse_${digest.slice(0, 8)}`;
    this.#path = join(dataDir, 'logged-out.json');
    this.#now = now;
    this.#onError = onError;
    this.#revoked = this.#read();
  }

  /** Creates a token. */
  issue(lifetimeS: number): string {
    const expiry = Math.floor(this.#now() / 1000) + lifetimeS;
    const signed = `${expiry}.${randomBytes(16).toString('base64url')}`;
    return `${signed}.${this.#sign(signed)}`;
  }

  /** Whether a token was issued, has not expired and was not revoked. */
  isValid(token: string): boolean {
    const [, expiry, id, signature] = TOKEN.exec(token) ?? [];
    if (expiry === undefined || id === undefined || signature === undefined) return false;
    const expected = Buffer.from(this.#sign(`${expiry}.${id}`));
    const isSigned = timingSafeEqual(Buffer.from(signature), expected);
    return isSigned && Number(expiry) * 1000 > this.#now() && !this.#revoked.has(id);
  }

  /** Makes a valid token invalid, also after a restart. */
  async revoke(token: string): Promise<void> {
    if (!this.isValid(token)) return;
    const [expiry, id] = token.split('.') as [string, string];
    this.#add([[id, Number(expiry)]]);
    for (const listener of this.#listeners) listener();
  }

  /** Expiry of the revoked tokens in seconds since the epoch, by their ids. */
  get revoked(): ReadonlyMap<string, number> {
    return this.#revoked;
  }

  /** Makes tokens invalid that other orchestrators have revoked. Ids and times that are not valid are ignored. */
  adopt(revoked: ReadonlyMap<string, number>): void {
    const nowS = this.#now() / 1000;
    const isNew = ([id, expiryS]: [string, number]) =>
      ID.test(id) && Number.isSafeInteger(expiryS) && expiryS > nowS && !this.#revoked.has(id);
    const added = [...revoked].filter(isNew);
    if (added.length > 0) this.#add(added);
  }

  /** Calls a function after each token that is revoked here. @returns a function that ends it */
  onRevoke(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits until the revoked tokens are stored. */
  async close(): Promise<void> {
    await this.#save.close();
  }

  #add(tokens: readonly (readonly [id: string, expiryS: number])[]): void {
    const nowS = this.#now() / 1000;
    for (const [id, expiryS] of this.#revoked) if (expiryS < nowS) this.#revoked.delete(id);
    for (const [id, expiryS] of tokens) this.#revoked.set(id, expiryS);
    for (const id of this.#revoked.keys()) {
      if (this.#revoked.size <= MAX_REVOKED) break;
      this.#revoked.delete(id);
    }
    this.#save.trigger();
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }

  #read(): Map<string, number> {
    try {
      if (!existsSync(this.#path)) return new Map();
      const entries = Object.entries(JSON.parse(readFileSync(this.#path, 'utf8')) as object);
      return new Map(entries.filter(([, expiry]) => Number.isSafeInteger(expiry)));
    } catch (error) {
      this.#onError(`could not read who has logged out: ${(error as Error).message}`);
      return new Map();
    }
  }

  async #write(): Promise<void> {
    try {
      ensureFolder(dirname(this.#path));
      await writeFile(`${this.#path}.tmp`, JSON.stringify(Object.fromEntries(this.#revoked)), {
        mode: 0o600,
      });
      await rename(`${this.#path}.tmp`, this.#path);
    } catch (error) {
      this.#onError(`could not store who has logged out: ${(error as Error).message}`);
    }
  }
}
