import { createPrivateKey, createPublicKey } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { issueCertificate, type KeyedCertificate, spkiHash } from './certificate.ts';

const SELF_SIGNED_DAYS = 365;
/** Browsers accept certificates of authorities that users install for a longer time than others. */
const AUTHORITY_DAYS = 3650;
const MINTED_DAYS = 365;
const MAX_MINTED = 1000;
const AUTHORITY_NAME = 'Roundhouse gateway CA';
const AUTHORITY_FILE = 'gateway-ca.pem';

/** Certificates for the hosts of tunnels. */
export interface CertificateSource {
  /** For a host of a tunnel, in URL syntax. */
  secureContext(hostname: string): SecureContext;
  /** Base64 SHA-256 hash of the public key that browsers accept; undefined if they trust the authority. */
  readonly spki: string | undefined;
  /** The authority's certificate as PEM. */
  readonly authority: string | undefined;
}

/** One self-signed certificate for all hosts, with a key that exists only in memory. */
export function selfSignedSource(): CertificateSource {
  const certificate = issueCertificate({ name: 'Roundhouse gateway', days: SELF_SIGNED_DAYS });
  const context = toContext(certificate);
  return { secureContext: () => context, spki: spkiHash(certificate.publicKey), authority: undefined };
}

/**
 * A certificate for each host, issued by an authority. It is created at the first use of the folder; its file,
 * which also contains the key, can be read by its owner only.
 */
export async function mintedSource(dir: string): Promise<CertificateSource> {
  const authority = await readOrCreateAuthority(dir);
  const contexts = new Map<string, SecureContext>();
  return {
    secureContext(hostname) {
      const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
      let context = contexts.get(host);
      if (!context) {
        if (contexts.size >= MAX_MINTED) contexts.delete(contexts.keys().next().value!);
        // A common name has 64 characters at most; browsers read the alternative names only.
        const name = host.slice(0, 64);
        context = toContext(issueCertificate({ name, hosts: [host], days: MINTED_DAYS, issuer: authority }));
        contexts.set(host, context);
      }
      return context;
    },
    spki: undefined,
    authority: authority.cert,
  };
}

async function readOrCreateAuthority(dir: string): Promise<KeyedCertificate> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, AUTHORITY_FILE);
  const existing = await readAuthority(path);
  if (existing) return existing;
  const created = issueCertificate({ name: AUTHORITY_NAME, days: AUTHORITY_DAYS, isAuthority: true });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${created.privateKey.export({ type: 'pkcs8', format: 'pem' })}${created.cert}`);
    await file.sync();
  } finally {
    await file.close();
  }
  // Fails if another process was faster: then its authority counts.
  await link(temporary, path).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(temporary);
  return (await readAuthority(path))!;
}

async function readAuthority(path: string): Promise<KeyedCertificate | undefined> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const [cert] = /-----BEGIN CERTIFICATE-----[\s\S]+/.exec(text) ?? [];
  if (cert === undefined) throw new Error(`${path} contains no certificate. Remove it to create another.`);
  const privateKey = createPrivateKey(text);
  return { cert, name: AUTHORITY_NAME, privateKey, publicKey: createPublicKey(privateKey) };
}

function toContext({ cert, privateKey }: KeyedCertificate): SecureContext {
  return createSecureContext({ cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
}
