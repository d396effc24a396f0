import type { Manifest } from './manifest-schema.ts';

const MASK = '***';
/** Shorter values, such as `dark` or `en`, are words rather than secrets. */
const MIN_SECRET_LENGTH = 8;

/** Returns the values of a manifest that must not appear in logs and error messages, the longest first. */
export function secretsOf(manifest: Manifest): string[] {
  const { cookies = {}, localStorage = {}, session_storage: sessionStorage = {} } = manifest;
  const token = manifest.authorization_token;
  const values = [cookies, localStorage, sessionStorage].flatMap((items) => Object.values(items));
  return [...new Set([...values, ...(token ? [token, token.replace(/^\S+\s+/, '')] : [])])]
    .filter((value) => value.length >= MIN_SECRET_LENGTH)
    .sort((a, b) => b.length - a.length);
}

/** Replaces secrets in a text. */
export function maskText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

/** Returns a manifest with its secrets replaced by `***`: the token, and the values of cookies and storage. */
export function maskManifest(manifest: Manifest): Manifest {
  const masked = { ...manifest };
  for (const name of ['cookies', 'localStorage', 'session_storage'] as const) {
    const items = manifest[name];
    if (items) masked[name] = Object.fromEntries(Object.keys(items).map((key) => [key, MASK]));
  }
  if (manifest.startup_script !== undefined)
    masked.startup_script = maskText(manifest.startup_script, secretsOf(manifest));
  if (manifest.authorization_token !== undefined) masked.authorization_token = MASK;
  return masked;
}
