import { createHash } from 'node:crypto';

/** Identifies an app. */
export interface AppKey {
  readonly workspace: string;
  readonly appId: string;
}

/** Names of folders for namespaces are shorter; these characters take three bytes in them. */
const MAX_NAMESPACE_BYTES = 240;
const LONG_CHARACTERS = /[^a-z0-9.-]/g;

/**
 * The namespace of an app's cache. Ids are encoded, so that no two apps have the same namespace whatever their ids
 * contain: `a/b` with the app `c` is not `a` with the app `b/c`. Long ids are replaced by a hash.
 */
export function namespaceOf(key: AppKey): string {
  const namespace = `acache:${encodeURIComponent(key.workspace)}/${encodeURIComponent(key.appId)}`;
  const isShort = namespace.replaceAll(LONG_CHARACTERS, '___').length <= MAX_NAMESPACE_BYTES;
  // Without a slash, it cannot be that of other ids.
  return isShort ? namespace : `acache:~${hashOf(key)}`;
}

/** A hash of 32 hexadecimal digits that names the app in file names and host names. */
export function hashOf({ workspace, appId }: AppKey): string {
  return createHash('sha256')
    .update(JSON.stringify([workspace, appId]))
    .digest('hex')
    .slice(0, 32);
}

/** The host that serves the code of an app in its sessions. Each app is a site of its own and a secure context. */
export function hostOf(key: AppKey): string {
  return `${hashOf(key)}.localhost`;
}

/** An id derived from a name: `Image Viewer 2` becomes `image-viewer-2`. */
export function idFromName(name: string): string {
  const id = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64);
  return id === '' ? 'app' : id;
}
