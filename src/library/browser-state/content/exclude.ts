import { matchGlob } from '../../util/glob.ts';

/** What Chromium can rebuild, and what must not travel: locks, logs and journals of a process. */
export const DEFAULT_EXCLUDE: readonly string[] = [
  'Cache',
  'Code Cache',
  'GPUCache',
  'GPUPersistentCache',
  'Dawn*Cache',
  'GrShaderCache',
  'ShaderCache',
  'Crashpad',
  'BrowserMetrics*',
  'component_crx_cache',
  'extensions_crx_cache',
  'Safe Browsing',
  'optimization_guide_model_store',
  'segmentation_platform',
  'blob_storage',
  'Singleton*',
  'LOCK',
  'LOG',
  'LOG.old',
  '*-journal',
  'DevToolsActivePort',
];

/**
 * Returns whether a file or folder is left out.
 * @param path path in the profile, with "/"
 * @param patterns globs. One without "/" is compared with the name, one with "/" with the whole path.
 */
export function isExcluded(path: string, patterns: readonly string[]): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return patterns.some((pattern) => matchGlob(pattern, pattern.includes('/') ? path : name));
}
