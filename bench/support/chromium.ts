import { createHash, createPublicKey } from 'node:crypto';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { issueCertificate, type KeyedCertificate } from '../../src/library/gateway/tls/certificate.ts';
import { findOrInstall } from '../../test/support/system-packages.ts';
import type { Cleanup } from './cleanup.ts';

/** What Chromium is started with for an origin on loopback that it reaches without a lane. */
export interface DirectOrigin {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly certificate: KeyedCertificate;
}

/** A certificate for an origin on loopback. */
export function certificateFor(hosts: readonly string[]): KeyedCertificate {
  return issueCertificate({ name: 'origin', hosts: [...hosts], days: 2 });
}

/**
 * Arguments for Chromium to reach an origin without a lane. With `--ignore-certificate-errors`, it would not store
 * responses in its cache.
 */
export function directArguments({ hosts, port, certificate }: DirectOrigin): string[] {
  const key = createPublicKey(certificate.cert).export({ type: 'spki', format: 'der' });
  const rules = hosts.map((host) => `MAP ${host}:443 127.0.0.1:${port}`);
  return [
    `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`,
    `--host-resolver-rules=${rules.join(', ')}`,
    '--disable-background-networking',
    '--disable-component-update',
  ];
}

/** Path of Chromium. @throws Error if it is not installed */
export async function chromiumPath(): Promise<string> {
  const found = await findOrInstall({ chromium: 'chromium' });
  if ('missing' in found) throw new Error(found.missing);
  return found.paths.chromium;
}

/** Starts Chromium. */
export async function openChromium(cleanup: Cleanup, args: readonly string[]): Promise<Browser> {
  const executablePath = await chromiumPath();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...args] });
  cleanup.add(() => browser.close());
  return browser;
}

/** Starts Chromium with a profile in a folder, with its cache. */
export async function openProfile(folder: string, args: readonly string[]): Promise<BrowserContext> {
  const executablePath = await chromiumPath();
  return chromium.launchPersistentContext(folder, { executablePath, args: ['--no-sandbox', ...args] });
}
