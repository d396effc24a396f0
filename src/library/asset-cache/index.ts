/** Version-aware cache for assets of web pages, in memory and on disk. */
export type { Asset, AssetMetadata, AssetSource, HeadersLike, StoredAsset, VersionChange } from './asset.ts';
export { AssetCache, type AssetStatus } from './asset-cache.ts';
export type { AttachOptions, RoutableContext, RoutedRequest } from './attach.ts';
export { formatBytes } from './format.ts';
export type { AssetMetrics } from './metrics.ts';
export type { AssetCacheOptions } from './options.ts';
export type { FetchAsset, ResponseLike } from './response.ts';
export { type AssetVersion, parseVersion, type VersionSource } from './version.ts';
