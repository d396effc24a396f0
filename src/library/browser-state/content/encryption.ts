import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { BrowserStateError } from '../errors.ts';

const KEY_BYTES = 32;
const TAG_BYTES = 16;
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Keys for encryption at rest. */
export interface EncryptionOptions {
  /** ID of the key that encrypts. */
  currentKey: string;
  /**
   * Master keys of 32 bytes by their IDs. Objects name the ID of their key: to rotate, add a key, make it the current
   * one, and keep the old ones while there are versions that need them.
   */
  keys: Readonly<Record<string, Uint8Array>>;
}

/** What an object belongs to. It is authenticated with the object, so that storage cannot exchange objects. */
export interface ObjectContext {
  readonly user: string;
  readonly session: string;
  readonly version: number;
}

/** Encrypts with AES-256-GCM, with a key per user that HKDF-SHA-256 derives from the master key. */
export class Encryption {
  /** ID of the key that encrypts. */
  readonly currentKey: string;
  readonly #masterKeys: ReadonlyMap<string, Uint8Array>;
  readonly #userKeys = new Map<string, Uint8Array>();

  /** @throws RangeError if a key or an ID is invalid */
  constructor({ currentKey, keys }: EncryptionOptions) {
    this.#masterKeys = new Map(Object.entries(keys));
    for (const [id, key] of this.#masterKeys) {
      if (!KEY_ID.test(id)) throw new RangeError(`invalid key ID ${JSON.stringify(id)}`);
      if (key.length !== KEY_BYTES)
        throw new RangeError(`the key ${id} must have 32 bytes, not ${key.length}`);
    }
    if (!this.#masterKeys.has(currentKey)) throw new RangeError(`there is no key with the ID ${currentKey}`);
    this.currentKey = currentKey;
  }

  /** Encrypts with the current key. @returns ciphertext and tag */
  encrypt(user: string, nonce: Uint8Array, additional: Uint8Array, plain: Uint8Array): Uint8Array {
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(this.currentKey, user), nonce);
    cipher.setAAD(additional);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws BrowserStateError `WRONG_KEY` if the key is missing or is not the one that encrypted */
  decrypt(
    keyId: string,
    user: string,
    nonce: Uint8Array,
    additional: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array {
    if (!this.#masterKeys.has(keyId))
      throw new BrowserStateError(
        'WRONG_KEY',
        `encrypted with the key ${keyId}, which is not in encryption.keys`,
      );
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(keyId, user), nonce);
    decipher.setAAD(additional);
    decipher.setAuthTag(sealed.subarray(end));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
    } catch (cause) {
      const problem = `cannot be decrypted with the key ${keyId}: its value differs from the one that encrypted, or the object belongs to another session`;
      throw new BrowserStateError('WRONG_KEY', problem, { cause });
    }
  }

  #keyOf(keyId: string, user: string): Uint8Array {
    const name = `${keyId}/${user}`;
    let key = this.#userKeys.get(name);
    if (!key) {
      const info = `roundhouse/browser-state/${user}`;
      key = new Uint8Array(hkdfSync('sha256', this.#masterKeys.get(keyId)!, '', info, KEY_BYTES));
      this.#userKeys.set(name, key);
    }
    return key;
  }
}
