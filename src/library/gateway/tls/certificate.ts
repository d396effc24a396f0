import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import {
  bitString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  TRUE,
  time,
  utf8String,
} from './der.ts';

const DAY_MS = 24 * 3600 * 1000;
/** Clocks of the browser's machine and ours may differ. */
const BACKDATED_MS = DAY_MS;

const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const COMMON_NAME = objectIdentifier('2.5.4.3');
const BASIC_CONSTRAINTS = objectIdentifier('2.5.29.19');
const KEY_USAGE = objectIdentifier('2.5.29.15');
const EXTENDED_KEY_USAGE = objectIdentifier('2.5.29.37');
const SUBJECT_ALT_NAME = objectIdentifier('2.5.29.17');
const SERVER_AUTH = objectIdentifier('1.3.6.1.5.5.7.3.1');
const DIGITAL_SIGNATURE = bitString(Buffer.from([0x80]), 7);
const KEY_CERT_SIGN = bitString(Buffer.from([0x04]), 2);

/** A certificate with its private key. */
export interface KeyedCertificate {
  /** The certificate as PEM. */
  readonly cert: string;
  /** Name of the subject. */
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** What a certificate is issued for. */
export interface CertificateRequest {
  /** Common name of the subject. */
  readonly name: string;
  /** Host names and IP addresses that it is valid for; none for a certificate authority. */
  readonly hosts?: readonly string[];
  /** Validity in days. */
  readonly days: number;
  /** The authority that signs it. Self-signed without one. */
  readonly issuer?: KeyedCertificate;
  /** Whether it is a certificate authority. */
  readonly isAuthority?: boolean;
}

/**
 * Issues an X.509 certificate for a new P-256 key.
 * @see https://www.rfc-editor.org/rfc/rfc5280.html#section-4.1
 */
export function issueCertificate(request: CertificateRequest): KeyedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { name, days, issuer } = request;
  const now = Date.now();
  const serial = randomBytes(16);
  serial[0] = 0x40 | (serial[0]! & 0x3f);
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer?.name ?? name),
    sequence(time(new Date(now - BACKDATED_MS)), time(new Date(now + days * DAY_MS))),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(request))),
  );
  const signature = sign('sha256', toBeSigned, issuer?.privateKey ?? privateKey);
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g)!;
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return { cert, name, publicKey, privateKey };
}

/** The SHA-256 hash of a public key's SubjectPublicKeyInfo in base64, as Chromium's flag takes it. */
export function spkiHash(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(COMMON_NAME, utf8String(commonName))));
}

function* extensions({ hosts = [], isAuthority = false }: CertificateRequest): Iterable<Buffer> {
  yield sequence(BASIC_CONSTRAINTS, TRUE, octetString(isAuthority ? sequence(TRUE) : sequence()));
  yield sequence(KEY_USAGE, TRUE, octetString(isAuthority ? KEY_CERT_SIGN : DIGITAL_SIGNATURE));
  if (isAuthority) return;
  yield sequence(EXTENDED_KEY_USAGE, octetString(sequence(SERVER_AUTH)));
  if (hosts.length > 0)
    yield sequence(SUBJECT_ALT_NAME, octetString(sequence(...hosts.map(alternativeName))));
}

/** @see https://www.rfc-editor.org/rfc/rfc5280.html#section-4.2.1.6 */
function alternativeName(host: string): Buffer {
  return isIP(host) === 0
    ? implicit(2, Buffer.from(host))
    : implicit(7, Buffer.from(ipaddr.parse(host).toByteArray()));
}
