import { hash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { BrowserStateError, CorruptObjectError } from '../errors.ts';
import type { Encryption, ObjectContext } from './encryption.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const MAGIC = Buffer.from('RHB1');
const NONCE_BYTES = 12;
const CHECKSUM_BYTES = 32;
const COMPRESSION_LEVEL = 3;
/** Usual data is not compressed to less than a share of 1 / this. */
const LARGEST_RATIO = 8;
const MIN_OUTPUT_CHUNK = 16 * 1024;
const MAX_OUTPUT_CHUNK = 8 * 1024 * 1024;

/** Kind of an object. It is authenticated, so that one kind cannot take the place of another. */
export type ObjectKind = 'manifest' | 'pack' | 'checkpoint';

/**
 * Encodes an object for storage: a header, the compressed and optionally encrypted payload, a SHA-256.
 *
 * The header contains a random nonce, in plain objects too: no two packs have the same name, so that the deletion
 * of an old pack cannot remove a new one with the same content.
 */
export async function encodeObject(
  kind: ObjectKind,
  context: ObjectContext,
  payload: Uint8Array,
  encryption: Encryption | undefined,
): Promise<Uint8Array> {
  const compressed = await compress(payload, {
    chunkSize: outputChunk(payload.length),
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL },
  });
  const keyId = Buffer.from(encryption?.currentKey ?? '');
  const nonce = randomBytes(NONCE_BYTES);
  const header = Buffer.concat([MAGIC, Buffer.of(keyId.length), keyId, nonce]);
  const additional = additionalData(kind, context, header);
  const body = encryption ? encryption.encrypt(context.user, nonce, additional, compressed) : compressed;
  const checksum = hash('sha256', Buffer.concat([header, body]), 'buffer');
  return Buffer.concat([header, body, checksum]);
}

/** What {@link decodeObject} needs besides the bytes. */
export interface DecodeOptions {
  /** Key of the object, for messages. */
  readonly key: string;
  /** What the object must belong to. */
  readonly context: ObjectContext;
  /** Largest payload in bytes. */
  readonly maxBytes: number;
  /** The keys, if objects must be encrypted. */
  readonly encryption: Encryption | undefined;
}

/**
 * Decodes an object from storage, and verifies every byte of it.
 * @throws CorruptObjectError if the bytes are not those that were written
 * @throws BrowserStateError `WRONG_KEY`
 */
export async function decodeObject(
  kind: ObjectKind,
  stored: Uint8Array,
  { key, context, maxBytes, encryption }: DecodeOptions,
): Promise<Buffer> {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  const keyIdLength = bytes[MAGIC.length] ?? 0;
  const bodyStart = MAGIC.length + 1 + keyIdLength + NONCE_BYTES;
  const bodyEnd = bytes.length - CHECKSUM_BYTES;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || bodyEnd < bodyStart)
    throw new CorruptObjectError(key, 'is not an object of this library, or is truncated');
  if (!hash('sha256', bytes.subarray(0, bodyEnd), 'buffer').equals(bytes.subarray(bodyEnd)))
    throw new CorruptObjectError(key, 'its checksum does not match: it is damaged');
  const header = bytes.subarray(0, bodyStart);
  const keyId = header.toString('latin1', MAGIC.length + 1, MAGIC.length + 1 + keyIdLength);
  const body = bytes.subarray(bodyStart, bodyEnd);
  checkEncrypted(key, keyId, encryption);
  const additional = additionalData(kind, context, header);
  const nonce = header.subarray(-NONCE_BYTES);
  const compressed = encryption ? encryption.decrypt(keyId, context.user, nonce, additional, body) : body;
  try {
    return await decompress(compressed, {
      chunkSize: outputChunk(Math.min(maxBytes, compressed.length * LARGEST_RATIO)),
      maxOutputLength: Math.max(1, maxBytes),
    });
  } catch (cause) {
    throw new CorruptObjectError(key, `cannot be decompressed to at most ${maxBytes} bytes`, { cause });
  }
}

/**
 * Size of the pieces in which a result is produced. Each takes a turn of the thread pool: with the default of 16 KiB, a
 * pack takes several times as long. A little more than the result, because a full piece is followed by another.
 */
function outputChunk(expectedBytes: number): number {
  return Math.min(Math.max(expectedBytes, MIN_OUTPUT_CHUNK), MAX_OUTPUT_CHUNK) + 64;
}

function checkEncrypted(key: string, keyId: string, encryption: Encryption | undefined): void {
  if (!encryption && keyId !== '')
    throw new BrowserStateError(
      'WRONG_KEY',
      `${key} is encrypted with the key ${keyId}: set the option encryption`,
    );
  // Accepting it would let anyone who can write to the storage replace a profile.
  if (encryption && keyId === '')
    throw new BrowserStateError('WRONG_KEY', `${key} is not encrypted, but the option encryption is set`);
}

function additionalData(
  kind: ObjectKind,
  { user, session, version }: ObjectContext,
  header: Uint8Array,
): Uint8Array {
  return Buffer.concat([Buffer.from(`${kind}\0${user}\0${session}\0${version}\0`), header]);
}
