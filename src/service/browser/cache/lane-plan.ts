import type { LaneOptions, Rule } from '../../../library/gateway/index.ts';
import type { AppCode } from '../apps/app-code.ts';
import { type AppKey, hostOf, namespaceOf } from '../apps/app-key.ts';
import { createSite } from '../apps/app-site.ts';
import type { Manifest } from '../apps/manifest-schema.ts';

/** What lanes of apps have in common. */
export interface LaneSettings {
  /** BROWSER_ALLOW_HOSTS. */
  readonly allowHosts: readonly string[];
  /** BROWSER_CACHE_TTL_S. */
  readonly cacheTtlS: number;
  /** PYODIDE_URL. */
  readonly pyodideUrl: string;
  /** Rules for `web-python`, which apply after those of the manifest. */
  readonly pythonRules: readonly Rule[];
}

/** Returns the URL of an app's entry page. */
export function entryUrlOf(key: AppKey, { type, url, entry_point: entryPoint }: Manifest): URL {
  if (type === 'web-app') return new URL((url ?? entryPoint)!);
  return new URL(`https://${hostOf(key)}/`);
}

/** Returns the rules of an app's cache. Without routes, nothing is stored. */
export function rulesOf({ type, cache_routes: routes = [] }: Manifest, settings: LaneSettings): Rule[] {
  const own = routes.map((route): Rule => {
    const { match, ttl_s, stale_while_revalidate_s, negative_ttl_s, max_bytes, ...same } =
      typeof route === 'string' ? { match: route } : route;
    return {
      match,
      ttlS: ttl_s ?? settings.cacheTtlS,
      ...(stale_while_revalidate_s !== undefined && { staleWhileRevalidateS: stale_while_revalidate_s }),
      ...(negative_ttl_s !== undefined && { negativeTtlS: negative_ttl_s }),
      ...(max_bytes !== undefined && { maxBytes: max_bytes }),
      ...same,
    };
  });
  if (type !== 'web-python') return own;
  const pyodide: Rule = { match: `${settings.pyodideUrl}/*`, force: true, ttlS: 30 * 86_400 };
  return [...own, pyodide, ...settings.pythonRules];
}

/**
 * Returns the options of a lane for an app.
 * @param code undefined for a lane that loads no page
 */
export function planLane(
  key: AppKey,
  manifest: Manifest,
  code: AppCode | undefined,
  settings: LaneSettings,
): LaneOptions {
  const { type, block, authorization_token: token, authorization_origins: origins = [] } = manifest;
  const entry = entryUrlOf(key, manifest);
  const tokenOrigins = new Set([...(type === 'web-app' ? [entry.origin] : []), ...origins]);
  const value = token && (/\s/.test(token) ? token : `Bearer ${token}`);
  return {
    namespace: namespaceOf(key),
    rules: rulesOf(manifest, settings),
    allow: settings.allowHosts,
    ...(block && { block }),
    ...(code &&
      type !== 'web-app' && {
        hosts: { [hostOf(key)]: createSite(manifest, code, settings.pyodideUrl) },
      }),
    ...(value && {
      requestHeaders: [...tokenOrigins].map((origin) => ({ origin, name: 'authorization', value })),
    }),
  };
}
