import { createHash } from 'node:crypto';

/** Identifies an app. */
export interface AppKey {
  readonly workspace: string;
  readonly appId: string;
}

/**
 * The namespace of an app's cache. Ids are encoded, so that no two apps have the same namespace whatever their ids
 * contain: `a/b` with the app `c` is not `a` with the app `b/c`.
 */
export function namespaceOf({ workspace, appId }: AppKey): string {
  return `acache:${encodeURIComponent(workspace)}/${encodeURIComponent(appId)}`;
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
