import type { AppManifest, Input } from '../wire.ts';

/** Body of `POST /apps`. */
export type InstallRequest = Input<'POST /apps'>['body'];
/** What an app is. */
export type AppType = AppManifest['type'];

/** Types of apps, in the order of the form. */
export const APP_TYPES: readonly AppType[] = ['web-python', 'web-app', 'window', 'iframe', 'web-worker'];

/** What the form for a new app contains. Lists have one entry per line. */
export interface AppForm {
  type: AppType;
  name: string;
  version: string;
  /** The page of a `web-app`. */
  url: string;
  /** The main file of all others. */
  source: string;
  /** Python packages of a `web-python`. */
  requirements: string;
  /** Patterns of URLs whose responses are stored. */
  cacheRoutes: string;
}

/** An empty form. */
export const EMPTY_FORM: AppForm = {
  type: 'web-python',
  name: '',
  version: '',
  url: '',
  source: '',
  requirements: '',
  cacheRoutes: '',
};

/** Makes a manifest of a form. Fields that the type does not have are left out. */
export function toManifest({
  type,
  name,
  version,
  url,
  source,
  requirements,
  cacheRoutes,
}: AppForm): AppManifest {
  const packages = type === 'web-python' ? lines(requirements) : [];
  const routes = lines(cacheRoutes);
  return {
    type,
    name: name.trim(),
    ...(version.trim() !== '' && { version: version.trim() }),
    ...(type === 'web-app' ? { url: url.trim() } : { source }),
    ...(packages.length > 0 && { requirements: packages }),
    ...(routes.length > 0 && { cache_routes: routes }),
  };
}

/** A manifest file: a manifest, or a whole request with a workspace. `error` if it is neither. */
export type ParsedFile =
  | { request: Partial<InstallRequest> & Pick<InstallRequest, 'manifest'> }
  | { error: string };

/** Parses a manifest file. The service checks what the manifest contains. */
export function parseManifestFile(text: string): ParsedFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: `not JSON: ${(error as Error).message}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { error: 'a manifest is an object, such as {"type": "web-app", "name": "…", "url": "…"}' };
  if ('manifest' in value) return { request: value as InstallRequest };
  return { request: { manifest: value as AppManifest } };
}

/** Splits the message of a refused manifest into its faults. */
export function faultsOf(message: string): string[] {
  return message.split('; ').filter((fault) => fault !== '');
}

/** The lines of a text that are not blank. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
