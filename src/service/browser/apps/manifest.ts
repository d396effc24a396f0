import { Compile } from 'typebox/compile';
import { RoundhouseError } from '../../errors.ts';
import { findCodeFaults } from './app-code.ts';
import type { InstalledApp } from './app-store.ts';
import { type InstallRequest, InstallSchema, type Manifest } from './manifest-schema.ts';

/** Name of a cookie or a header field. https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A list longer than this does not help anybody. */
const MAX_FAULTS = 20;

/** A manifest with its code, as it is stored. The aliases and defaults of the manifest are resolved. */
export interface AppDefinition {
  readonly manifest: Manifest;
  /** The main file. Empty for a `web-app`. */
  readonly source: string | undefined;
  readonly files: NonNullable<InstallRequest['files']>;
}

let check: ReturnType<typeof Compile<typeof InstallSchema>> | undefined;

/**
 * Validates the body of `POST /apps`.
 * @throws RoundhouseError `invalid_manifest` that lists all faults
 */
export function parseInstallRequest(body: unknown): Omit<InstallRequest, 'source' | 'files'> & AppDefinition {
  // Compiled on first use: most processes install no app.
  check ??= Compile(InstallSchema);
  if (!check.Check(body)) throw invalid(describe(check.Errors(body)));
  const { source = body.manifest.source, files = body.manifest.files ?? [] } = body;
  const { source: _source, files: _files, local_storage: alias, ...rest } = body.manifest;
  const faults = [
    ...(rest.localStorage && alias ? ['use either localStorage or local_storage'] : []),
    ...findFaults(rest, { source, files }),
  ];
  if (faults.length > 0) throw invalid(faults);
  const localStorage = rest.localStorage ?? alias;
  const manifest: Manifest = { ...rest, ...(localStorage && { localStorage }) };
  return { ...body, manifest, source, files };
}

/** Whether a value that was read from a store is an installed app. Its code is not checked. */
export function isValidApp(value: unknown): value is InstalledApp {
  if (typeof value !== 'object' || value === null) return false;
  const { workspace, appId, manifest, installedAt } = value as Partial<InstalledApp>;
  check ??= Compile(InstallSchema);
  return (
    check.Check({ workspace, app_id: appId, manifest }) &&
    appId !== undefined &&
    typeof installedAt === 'number' &&
    !Number.isNaN(new Date(installedAt).getTime())
  );
}

function invalid(faults: readonly string[]): RoundhouseError {
  const more = faults.length > MAX_FAULTS ? [`and ${faults.length - MAX_FAULTS} more`] : [];
  return new RoundhouseError('invalid_manifest', [...faults.slice(0, MAX_FAULTS), ...more].join('; '));
}

function describe(errors: readonly { instancePath: string; message: string; params: object }[]): string[] {
  // The object is reported with the names of such fields too.
  const relevant = errors.filter(({ message }) => message !== 'schema is false');
  const lines = relevant.map(({ instancePath, message, params }) => {
    const at = instancePath.slice(1).replaceAll('/', '.') || 'the body';
    const names = Object.values(params)
      .flat()
      .filter((value) => typeof value === 'string');
    const detail =
      /propert|allowed|additional/.test(message) && names.length > 0 ? `: ${names.join(', ')}` : '';
    return `${at} ${message}${detail}`;
  });
  return [...new Set(lines)];
}

/** What the schema cannot say. */
function findFaults(manifest: Manifest, code: Omit<AppDefinition, 'manifest'>): string[] {
  const { type, requirements, cookies = {}, authorization_token: token } = manifest;
  const faults: string[] = [];
  if (type === 'web-app') faults.push(...findPageFaults(manifest, code));
  else faults.push(...findCodeFaults(manifest, code));
  if (requirements && type !== 'web-python') faults.push('requirements are only for web-python');
  if (manifest.warm && manifest.enable_cache === false)
    faults.push('warm needs the cache: remove enable_cache');
  else if (manifest.warm && type !== 'web-python' && !manifest.cache_routes?.length)
    faults.push(`warm needs cache_routes: nothing of a ${type} is stored without them`);
  for (const name of Object.keys(cookies))
    if (!TOKEN.test(name)) faults.push(`cookies: ${JSON.stringify(name)} is not a name of a cookie`);
  for (const [name, value] of Object.entries(cookies))
    if (/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e ]/.test(value))
      faults.push(`cookies: the value of ${name} contains characters that a cookie cannot contain`);
  if (token !== undefined && /[^\x20-\x7e]/.test(token))
    faults.push('authorization_token must be printable ASCII');
  for (const origin of manifest.authorization_origins ?? []) {
    const url = URL.parse(origin);
    if (!url || !/^https?:$/.test(url.protocol) || url.origin !== origin)
      faults.push(
        `authorization_origins: ${JSON.stringify(origin)} is not an origin, such as https://api.example`,
      );
  }
  if (manifest.authorization_origins && token === undefined)
    faults.push('authorization_origins need an authorization_token');
  if (token !== undefined && type !== 'web-app' && !manifest.authorization_origins?.length)
    faults.push(
      `the authorization_token of a ${type} needs authorization_origins: its own origin is not a server`,
    );
  return faults;
}

function findPageFaults(
  { url, entry_point: entryPoint }: Manifest,
  { source, files }: Omit<AppDefinition, 'manifest'>,
): string[] {
  const faults: string[] = [];
  if (source !== undefined || files.length > 0) faults.push('a web-app has no source and no files');
  if (url !== undefined && entryPoint !== undefined && url !== entryPoint)
    faults.push('use either url or entry_point');
  const page = url ?? entryPoint;
  const parsed = page === undefined ? null : URL.parse(page);
  if (page === undefined) faults.push('a web-app needs a url');
  else if (!parsed || !/^https?:$/.test(parsed.protocol)) faults.push('url must be an http or https URL');
  else if (parsed.username || parsed.password) faults.push('url must not contain credentials');
  return faults;
}
