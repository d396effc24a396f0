import { type Static, Type } from 'typebox';
import { APP_TYPES, AppKeySchema, ManifestSchema } from '../../browser/apps/manifest-schema.ts';
import { WARM_UP_STATUSES } from '../../browser/sessions/warm-ups.ts';
import { APP_COLUMNS } from '../../time-series/app-series.ts';
import { Bytes, Count, Nullable, oneOf, Time } from './common.ts';
import { SeriesTimes } from './time-series.ts';

/** Path parameters of an app. */
export const AppParams = AppKeySchema;

const AppFields = {
  workspace: Type.String(),
  app_id: Type.String(),
  name: Type.String(),
  type: oneOf(APP_TYPES),
  version: Nullable(Type.String()),
  description: Nullable(Type.String()),
  installed_at: Time,
  live_sessions: Count('Sessions that have not ended'),
  hits: Count('Responses from the cache since the start of the service'),
  misses: Count('Requests since the start of the service for which nothing was stored'),
  bytes_saved: Bytes('Bodies sent to sessions from the cache since the start of the service'),
};

/** An installed app in `GET /apps`. */
export const AppSchema = Type.Object(AppFields, { title: 'App' });
/** {@inheritDoc AppSchema} */
export type WireApp = Static<typeof AppSchema>;
/** `GET /apps`. */
export const AppsSchema = Type.Array(AppSchema);

/** `GET /apps/{workspace}/{app}`. */
export const AppDetailsSchema = Type.Object(
  {
    ...AppFields,
    warm_up: Nullable(
      Type.Object(
        {
          status: oneOf(WARM_UP_STATUSES, { description: '`waiting` until the app is ready' }),
          reason: Nullable(Type.String({ description: 'Why it has failed' })),
        },
        { title: 'WarmUp' },
      ),
    ),
    manifest: ManifestSchema,
  },
  {
    title: 'AppDetails',
    description:
      '`warm_up` is the start after the installation, if the manifest asks for one with `warm`; null if there was none since the start of the service. In the manifest, secrets are replaced by `***`: the token, and the values of cookies and storage',
  },
);
/** {@inheritDoc AppDetailsSchema} */
export type WireAppDetails = Static<typeof AppDetailsSchema>;

const PendingOrchestrators = Count(
  'Other orchestrators that have not confirmed it within 3 s. They follow when they are connected to Redis again',
);

/** `DELETE /apps/{workspace}/{app}`. */
export const UninstalledSchema = Type.Object({
  deleted_entries: Count('Responses that were removed from the cache'),
  stopped_sessions: Count(),
  pending_orchestrators: PendingOrchestrators,
});

const TrafficFields = {
  requests: Count(),
  hits: Count('Responses from the cache, and those validated with a 304'),
  misses: Count(),
  bypasses: Count('Requests that were passed on without looking for a stored response'),
  bytes_to_browser: Bytes('Bodies sent to the browser'),
  bytes_from_upstream: Bytes('Bodies received from servers'),
  bytes_saved: Bytes('Bodies sent to the browser from the cache'),
};
const TrafficGroup = Type.Record(Type.String(), Type.Object(TrafficFields, { title: 'Traffic' }));

/** Requests and bytes, in total and by group. */
export const TrafficStatsFields = {
  ...TrafficFields,
  bypass_reasons: Type.Record(Type.String(), Count()),
  by_host: TrafficGroup,
  by_type: TrafficGroup,
  by_rule: TrafficGroup,
  header_bytes: Bytes('Header sections in both directions, as HTTP/1.1 would send them'),
};

const Starts = Type.Object(
  {
    count: Count(),
    last_seconds: Nullable(Type.Number({ minimum: 0 })),
    mean_seconds: Nullable(Type.Number({ minimum: 0 })),
  },
  { title: 'StartTimes' },
);
const EpochSeconds = Nullable(
  Type.Number({ description: 'Seconds since 1970, or null if the cache is empty' }),
);

/** `GET /apps/{workspace}/{app}/cache`. */
export const AppCacheSchema = Type.Object(
  {
    entry_count: Count(),
    total_size_bytes: Bytes('Stored bodies'),
    oldest_entry: EpochSeconds,
    newest_entry: EpochSeconds,
    recording: Type.Boolean({ description: 'Whether a session stores responses now' }),
    ...TrafficStatsFields,
    starts: Type.Object(
      { cold: Starts, warm: Starts },
      { description: 'Durations of starts; warm if all responses that the rules select came from the cache' },
    ),
    most_used: Type.Array(
      Type.Object(
        { url: Type.String(), requests: Count(), hits: Count(), bytes_to_browser: Bytes() },
        { title: 'ResourceUse' },
      ),
      { description: 'The 20 resources that were requested most' },
    ),
    rules: Type.Array(Type.Object({ match: Type.String(), ...TrafficFields }, { title: 'RuleUse' }), {
      description: 'The rules of the app in their order, with their requests',
    }),
    evictions: Count('Responses that were removed to make room'),
    store_errors: Count('Failed operations of the store, for all apps; each counted as a miss'),
  },
  {
    title: 'AppCache',
    description: 'Figures other than those of stored entries count since the start of the service',
  },
);
/** {@inheritDoc AppCacheSchema} */
export type WireAppCache = Static<typeof AppCacheSchema>;

const Column = Type.Array(Nullable(Count()));
const columns = Object.fromEntries(APP_COLUMNS.map((name) => [name, Column])) as Record<
  (typeof APP_COLUMNS)[number],
  typeof Column
>;

/** `GET /apps/{workspace}/{app}/cache/history`. */
export const AppSeriesSchema = Type.Object(
  { ...SeriesTimes, ...columns },
  {
    title: 'AppSeries',
    description:
      'Each column has one value per interval in `t`: what was counted within it, or null before the start of the service',
  },
);

const Match = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: 'Pattern for the whole URL; `*` and `?` are wildcards',
});

/** Query of `GET /apps/{workspace}/{app}/cache/entries`. */
export const EntriesQuery = Type.Object({
  match: Type.Optional(Match),
  sort: Type.Optional(
    oneOf(['hits'], { description: 'Most hits first. Default: in an order that does not change' }),
  ),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 100,
      description: 'Number of entries to read, of which `match` may leave fewer',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1024, description: '`next_cursor` of the previous page' }),
  ),
});

/** `GET /apps/{workspace}/{app}/cache/entries`. */
export const EntriesSchema = Type.Object({
  entries: Type.Array(
    Type.Object(
      {
        url: Type.String(),
        status: Type.Integer(),
        content_type: Type.String(),
        bytes: Bytes('Body as stored, which may be compressed'),
        received_at: Time,
        hits: Count('Since the start of the service'),
        personal: Type.Boolean({ description: 'Whether it is stored for one set of credentials' }),
      },
      { title: 'CacheEntry' },
    ),
  ),
  next_cursor: Nullable(Type.String({ description: 'Null on the last page' })),
});

/** Query of `GET /apps/{workspace}/{app}/cache/explain`. */
export const ExplainQuery = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 8192, pattern: '^https?://' }),
});

/** `GET /apps/{workspace}/{app}/cache/explain`. */
export const ExplanationSchema = Type.Object(
  {
    rule: Nullable(Type.String({ description: 'Pattern of the rule that applies; null if none does' })),
    excluded: Type.Boolean({ description: 'Whether a rule with `!` matches' }),
    blocked: Type.Boolean({ description: 'Whether `block` of the manifest matches' }),
    mode: Type.String({ description: 'What the latest session does with the cache' }),
    latest: Nullable(
      Type.Object(
        {
          result: oneOf(['hit', 'miss', 'bypass']),
          bypass_reason: Nullable(Type.String()),
          miss_reason: Nullable(Type.String()),
          not_stored: Nullable(Type.String({ description: 'Why the response was not stored' })),
        },
        { description: 'The latest request for the URL in the latest session; null if there was none' },
      ),
    ),
  },
  { title: 'CacheExplanation' },
);

/** Query of `DELETE /apps/{workspace}/{app}/cache`. */
export const ClearQuery = Type.Object({ match: Type.Optional(Match) });
/** `DELETE /apps/{workspace}/{app}/cache`. */
export const ClearedSchema = Type.Object({
  deleted_entries: Count(),
  pending_orchestrators: PendingOrchestrators,
});

/** `POST /apps/{workspace}/{app}/cache/warm`. */
export const WarmBody = Type.Object(
  {
    urls: Type.Array(Type.String({ minLength: 1, maxLength: 8192, pattern: '^https?://' }), {
      minItems: 1,
      maxItems: 1000,
    }),
  },
  {
    additionalProperties: false,
    examples: [{ urls: ['https://cdn.jsdelivr.net/npm/d3@7/dist/d3.min.js'] }],
  },
);
/** Reply to `POST /apps/{workspace}/{app}/cache/warm`. */
export const WarmedSchema = Type.Object({
  requested: Count(),
  failed: Type.Array(Type.String(), {
    description: 'URLs whose request failed, or got a status of 400 or more',
  }),
});

/** `GET /apps/{workspace}/{app}/cache/misses`. */
export const MissesSchema = Type.Object({
  urls: Type.Array(Type.String(), { description: 'Each once' }),
});
