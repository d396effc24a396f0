import { type Static, Type } from 'typebox';
import { APP_TYPES, SESSION_MODES } from '../../browser/apps/manifest-schema.ts';
import { PROFILE_PATTERN } from '../../browser/profiles.ts';
import { SCREENSHOT_TYPES } from '../../browser/sessions/screenshots.ts';
import { SESSION_STATUSES } from '../../browser/sessions/session-status.ts';
import { TrafficStatsFields } from './apps.ts';
import { Bytes, Count, Nullable, oneOf, Time } from './common.ts';

/** Path parameters of a session. */
export const SessionId = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, description: 'Id of the session' }),
});

/** A session of a browser app. */
export const SessionSchema = Type.Object(
  {
    id: Type.String(),
    workspace: Type.String(),
    app_id: Type.String(),
    name: Type.String(),
    type: oneOf(APP_TYPES),
    status: oneOf(SESSION_STATUSES, {
      description: '`completed`: the page closed itself, or the cache is warm',
    }),
    reason: Nullable(Type.String({ description: 'Why it has failed or ended' })),
    code: Nullable(
      Type.String({
        description: 'Code of the failure, such as `browser_crashed` or `memory_limit_exceeded`',
      }),
    ),
    mode: oneOf(SESSION_MODES, { description: 'What it does with the cache' }),
    profile: Nullable(Type.String({ description: 'Browser profile, or null for none' })),
    warm_up: Type.Boolean({ description: 'Whether it only fills the cache after the installation' }),
    restart_of: Nullable(
      Type.String({ description: 'Id of the session that has crashed and was replaced by this one' }),
    ),
    created_at: Time,
    ready_at: Nullable(Time),
    ended_at: Nullable(Time),
    start_seconds: Nullable(Type.Number({ minimum: 0, description: 'Duration of the start' })),
    requests: Count(),
    hits: Count('Responses from the cache'),
    bytes_from_upstream: Bytes('Bodies received from servers'),
    memory_bytes: Nullable(
      Bytes('Memory of its Chromium when it was last read; null unless the manifest limits it'),
    ),
    can_execute: Type.Boolean({
      description:
        'Whether scripts can be executed now: the session runs, and BROWSER_EXECUTE is not `false`',
    }),
  },
  { title: 'Session' },
);
/** {@inheritDoc SessionSchema} */
export type WireSession = Static<typeof SessionSchema>;
/** `GET /browser/sessions`. */
export const SessionsSchema = Type.Array(SessionSchema);

/** `POST /apps/{workspace}/{app}/sessions`. */
export const StartBody = Type.Object(
  {
    mode: Type.Optional(
      oneOf(SESSION_MODES, {
        description:
          '`record` reads and writes the cache, `record-start` only reads once the app is ready, `replay` only reads, `offline` sends no requests, `off` does not use the cache. Default `record`',
      }),
    ),
    profile: Type.Optional(
      Type.String({ pattern: PROFILE_PATTERN, description: 'Default: that of the manifest, if any' }),
    ),
    timeout_s: Type.Optional(
      Type.Number({ minimum: 1, maximum: 600, description: 'How long the start may take' }),
    ),
  },
  {
    additionalProperties: false,
    title: 'StartRequest',
    examples: [{ mode: 'record', profile: 'alice', timeout_s: 60 }],
  },
);

/** `PATCH /browser/sessions/{id}`. */
export const SessionChange = Type.Object(
  { mode: oneOf(['record', 'replay', 'offline', 'off']) },
  { additionalProperties: false, examples: [{ mode: 'replay' }] },
);

/** `POST /browser/sessions/{id}/execute`. */
export const ExecuteBody = Type.Object(
  {
    script: Type.String({
      minLength: 1,
      maxLength: 1_048_576,
      description: 'JavaScript, as in the console of a browser: `await` is permitted',
    }),
    timeout_s: Type.Optional(Type.Number({ minimum: 0.1, maximum: 60, default: 10 })),
  },
  {
    additionalProperties: false,
    title: 'ExecuteRequest',
    examples: [{ script: 'document.title', timeout_s: 10 }],
  },
);
/** Reply to `POST /browser/sessions/{id}/execute`. */
export const ExecutedSchema = Type.Object({
  result: Type.Unknown({ description: 'Value of the last expression, as JSON' }),
});

/** Query of `GET /browser/sessions/{id}/screenshot`. */
export const ScreenshotQuery = Type.Object({
  type: Type.Optional(oneOf(SCREENSHOT_TYPES, { description: 'Default `png`' })),
});

/** `GET /browser/sessions/{id}/traffic`. */
export const TrafficSchema = Type.Object(
  {
    ...TrafficStatsFields,
    blocked: Count('Requests that `block` or the policy for private hosts refused'),
    background: Count('Requests of Chromium itself, which are refused'),
    refused: Count('Connections that were refused before they had a URL'),
    failures: Count('Requests that failed at the server or on the way'),
    web_socket_bytes_to_browser: Bytes(),
    web_socket_bytes_to_upstream: Bytes(),
  },
  { title: 'SessionTraffic' },
);
/** {@inheritDoc TrafficSchema} */
export type WireTraffic = Static<typeof TrafficSchema>;
