import { type Static, Type } from 'typebox';
import { PROFILE_PATTERN } from '../profiles.ts';

/** What an app is: Python in Pyodide, an external page, a page, a page in an iframe, or a module in a Worker. */
export const APP_TYPES = ['web-python', 'web-app', 'window', 'iframe', 'web-worker'] as const;

/** What a session does with the cache of its app. `record-start` becomes `replay` when the app is ready. */
export const SESSION_MODES = ['record', 'record-start', 'replay', 'offline', 'off'] as const;

const Strings = (description: string) =>
  Type.Record(Type.String(), Type.String({ maxLength: 65_536 }), { maxProperties: 200, description });
const Seconds = (description: string, options = {}) =>
  Type.Number({ minimum: 0, maximum: 31_536_000, description: `${description}, in seconds`, ...options });

/** A rule of `cache_routes`: which responses are stored, and how. */
export const CacheRuleSchema = Type.Object(
  {
    match: Type.String({
      minLength: 1,
      maxLength: 2048,
      description: 'Pattern for the whole URL; `*` and `?` are wildcards, a leading `!` excludes',
    }),
    ttl_s: Type.Optional(
      Seconds('Lifetime of responses that specify none; with `force`, of all. Default BROWSER_CACHE_TTL_S'),
    ),
    force: Type.Optional(
      Type.Boolean({ description: 'Whether responses are stored regardless of Cache-Control' }),
    ),
    stale_while_revalidate_s: Type.Optional(
      Seconds('How long after its lifetime a response is still served while it is loaded again'),
    ),
    negative_ttl_s: Type.Optional(Seconds('How long responses with status 404 and 410 are stored')),
    version: Type.Optional(
      Type.String({ maxLength: 256, description: 'Responses are stored separately for each value' }),
    ),
    max_bytes: Type.Optional(Type.Integer({ minimum: 0, description: 'Largest body that is stored' })),
    redact: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 50,
        description: 'Query parameters, such as tokens, that are not stored',
      }),
    ),
    credentials: Type.Optional(
      Type.Enum(['key', 'ignore'], {
        type: 'string',
        description: 'Whether responses are stored for each set of credentials or once for all',
      }),
    ),
  },
  { additionalProperties: false, title: 'CacheRule' },
);

/** A file of an app. */
export const AppFileSchema = Type.Object(
  {
    path: Type.String({ minLength: 1, maxLength: 512, description: 'Relative path, such as `lib/a.js`' }),
    content: Type.String(),
    encoding: Type.Optional(
      Type.Enum(['utf8', 'base64'], { type: 'string', description: 'Of `content`. Default `utf8`' }),
    ),
  },
  { additionalProperties: false, title: 'AppFile' },
);

/** The code of an app in its main file. */
export const SourceSchema = Type.String({
  description: 'Content of the main file: Python, HTML, or a JavaScript module for `web-worker`',
});
/** The files of an app. */
export const FilesSchema = Type.Array(AppFileSchema, { maxItems: 1000 });

/** How an app is installed. */
export const ManifestSchema = Type.Object(
  {
    type: Type.Enum([...APP_TYPES], {
      type: 'string',
      description:
        'Python in Pyodide (`web-python`), an external page (`web-app`), a page (`window`), a page in an iframe (`iframe`), or a module in a Worker (`web-worker`)',
    }),
    name: Type.String({ minLength: 1, maxLength: 128 }),
    version: Type.Optional(Type.String({ maxLength: 64 })),
    description: Type.Optional(Type.String({ maxLength: 4096 })),
    url: Type.Optional(Type.String({ maxLength: 8192, description: 'The page of a `web-app`' })),
    entry_point: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8192,
        description: 'The main file among `files`; for a `web-app`, the same as `url`',
      }),
    ),
    source: Type.Optional(SourceSchema),
    files: Type.Optional(FilesSchema),
    requirements: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
        maxItems: 200,
        description: 'Python packages that `web-python` installs with micropip',
      }),
    ),
    enable_cache: Type.Optional(
      Type.Boolean({ description: 'Whether sessions use the cache of the app. Default true' }),
    ),
    cache_routes: Type.Optional(
      Type.Array(Type.Union([Type.String({ minLength: 1, maxLength: 2048 }), CacheRuleSchema]), {
        maxItems: 500,
        description: 'Which responses are stored: patterns or rules. The first that matches applies',
      }),
    ),
    cookies: Type.Optional(Strings('Cookies of the entry point, by name')),
    localStorage: Type.Optional(Strings('Items of localStorage at the origin of the entry point')),
    local_storage: Type.Optional(Strings('The same as `localStorage`')),
    session_storage: Type.Optional(Strings('Items of sessionStorage at the origin of the entry point')),
    authorization_token: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16_384,
        description:
          'Value of the Authorization field of requests to the origin of the entry point and to `authorization_origins`. Without a scheme, `Bearer` is added',
      }),
    ),
    authorization_origins: Type.Optional(
      Type.Array(Type.String({ maxLength: 512 }), {
        maxItems: 50,
        description: 'Further origins that get `authorization_token`',
      }),
    ),
    detached: Type.Optional(
      Type.Boolean({
        description:
          'Accepted for manifests of other systems. Every session is isolated, so it has no effect',
      }),
    ),
    singleton: Type.Optional(
      Type.Boolean({ description: 'Whether a start returns the running session if there is one' }),
    ),
    startup_script: Type.Optional(
      Type.String({ maxLength: 262_144, description: 'JavaScript that runs in the page once it is loaded' }),
    ),
    startup_config: Type.Optional(
      Type.Object(
        {
          timeout: Type.Optional(
            Type.Number({
              minimum: 1,
              maximum: 600,
              description: 'How long a start may take, in seconds. Default 60',
            }),
          ),
          wait_for_service: Type.Optional(
            Type.String({
              pattern: '^[A-Za-z_$][\\w$]{0,127}$',
              description: 'Global variable that the page sets when the app is ready',
            }),
          ),
          stop_after_inactive: Type.Optional(
            Seconds(
              'Ends a session whose page sends no requests and in which no scripts are executed for this long; 0 for never. Default 0',
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    profile: Type.Optional(
      Type.String({
        pattern: PROFILE_PATTERN,
        description: 'Browser profile of the workspace that sessions use and save when they end',
      }),
    ),
    viewport: Type.Optional(
      Type.Object(
        {
          width: Type.Integer({ minimum: 1, maximum: 8192 }),
          height: Type.Integer({ minimum: 1, maximum: 8192 }),
        },
        { additionalProperties: false, description: 'Default 1280 × 720' },
      ),
    ),
    warm: Type.Optional(
      Type.Boolean({
        description:
          'Whether the app is started once in the background after its installation, so that its cache is filled. The session ends when the app is ready. Default false',
      }),
    ),
    memory_limit_mib: Type.Optional(
      Type.Integer({
        minimum: 128,
        maximum: 1_048_576,
        description:
          'Memory that a session may use, in MiB, over all processes of its Chromium, which it shares with no other session. A session that uses more fails. Only on Linux',
      }),
    ),
    max_restarts: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description:
          'How often a session is started again after a crash or too much memory, after 1 s, 2 s, 4 s and so on up to 60 s. The count begins anew when a session has run for 10 minutes. Default 0',
      }),
    ),
    block: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 2048 }), {
        maxItems: 500,
        description: 'Patterns of URLs that are refused',
      }),
    ),
  },
  { additionalProperties: false, title: 'AppManifest' },
);

/** How an app is installed. {@inheritDoc ManifestSchema} */
export type Manifest = Static<typeof ManifestSchema>;
/** A file of an app. {@inheritDoc AppFileSchema} */
export type AppFile = Static<typeof AppFileSchema>;
/** A rule of `cache_routes`. {@inheritDoc CacheRuleSchema} */
export type CacheRule = Static<typeof CacheRuleSchema>;
/** What an app is. {@inheritDoc APP_TYPES} */
export type AppType = (typeof APP_TYPES)[number];
/** What a session does with the cache. {@inheritDoc SESSION_MODES} */
export type SessionMode = (typeof SESSION_MODES)[number];

/** Characters of workspace and app ids: anything but control characters and lone surrogates. */
export const ID_PATTERN = '^(?!\\.{1,2}$)[^\\p{Cc}\\p{Cs}]+$';

const Id = (description: string) =>
  Type.String({ minLength: 1, maxLength: 128, pattern: ID_PATTERN, description });

/** Identifies an app. */
export const AppKeySchema = Type.Object({ workspace: Id('Workspace'), app: Id('Id of the app') });

/** `POST /apps`. */
export const InstallSchema = Type.Object(
  {
    workspace: Id('Apps of a workspace share one Chromium; apps never share caches or storage'),
    app_id: Type.Optional(Id('Default: derived from the name')),
    manifest: ManifestSchema,
    source: Type.Optional(SourceSchema),
    files: Type.Optional(FilesSchema),
    overwrite: Type.Optional(
      Type.Boolean({ description: 'Whether an installed app with this id is replaced. Default false' }),
    ),
  },
  {
    additionalProperties: false,
    title: 'InstallRequest',
    examples: [
      {
        workspace: 'demo',
        app_id: 'chart',
        manifest: {
          type: 'window',
          name: 'Chart',
          version: '1.0.0',
          cache_routes: ['https://cdn.jsdelivr.net/*'],
        },
        source: '<!doctype html><script src="https://cdn.jsdelivr.net/npm/d3@7/dist/d3.min.js"></script>',
        overwrite: true,
      },
    ],
  },
);
/** `POST /apps`. */
export type InstallRequest = Static<typeof InstallSchema>;
