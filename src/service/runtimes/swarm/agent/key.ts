import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { ConfigError } from '../../../config/config.ts';

const MIN_LENGTH = 32;
const IDENTITY = 'roundhouse';
/** With forward secrecy. TLS 1.3 of Node.js has no pre-shared keys. */
const TLS = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

/**
 * Reads the key that agents and orchestrators share.
 * @throws ConfigError if it cannot be read or is too short
 */
export function readAgentKey(path: string): Buffer {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ConfigError([
      `AGENT_KEY_FILE=${JSON.stringify(path)} cannot be read (${(error as Error).message}): create a Docker secret, and give it to the service`,
    ]);
  }
  if (text.length < MIN_LENGTH)
    throw new ConfigError([
      `AGENT_KEY_FILE=${JSON.stringify(path)} contains a key of ${text.length} characters, which must be at least ${MIN_LENGTH}`,
    ]);
  return createHash('sha256').update(text).digest();
}

/**
 * TLS with the key instead of certificates: each side proves that it has the key, and nothing is readable on the way.
 * @see https://nodejs.org/api/tls.html#pre-shared-keys
 */
export function serverTls(key: Buffer): TlsOptions {
  return { ...TLS, pskCallback: (_socket, identity) => (identity === IDENTITY ? key : null) };
}

/** The client's side of {@link serverTls}. */
export function clientTls(key: Buffer) {
  return {
    ...TLS,
    pskCallback: () => ({ identity: IDENTITY, psk: key }),
    // There are no certificates. The key identifies the server.
    checkServerIdentity: () => undefined,
    maxCachedSessions: 0,
  };
}

/** Whether a connection has failed because the two sides have different keys. */
export function isKeyRefused(error: Error & { code?: string }): boolean {
  return error.code === 'EPROTO' && /bad record mac|decrypt/i.test(error.message);
}
