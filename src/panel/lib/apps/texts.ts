import { t } from '../i18n.ts';
import type { App, Session } from '../wire.ts';
import type { LogLevel } from './session-log.ts';

/** Names of the types of apps. */
export const TYPE_TEXTS: Readonly<Record<App['type'], () => string>> = {
  'web-python': () => t('Python (Pyodide)'),
  'web-app': () => t('External page'),
  window: () => t('Page'),
  iframe: () => t('Page in an iframe'),
  'web-worker': () => t('Worker module'),
};

/** What the modes of the cache do. */
export const MODE_TEXTS: Readonly<Record<Session['mode'], () => string>> = {
  record: () => t('record: read the cache and store responses'),
  'record-start': () => t('record-start: store until the app is ready, then only read'),
  replay: () => t('replay: only read the cache'),
  offline: () => t('offline: send no requests to servers'),
  off: () => t('off: do not use the cache'),
};

/** Names of the statuses of sessions. */
export const STATUS_TEXTS: Readonly<Record<Session['status'], () => string>> = {
  starting: () => t('Starting'),
  running: () => t('Running'),
  stopping: () => t('Stopping'),
  completed: () => t('Completed'),
  failed: () => t('Failed'),
  stopped: () => t('Stopped'),
};

/** Names of the choices of levels in a log. */
export const LEVEL_TEXTS: Readonly<Record<LogLevel, () => string>> = {
  error: () => t('Errors'),
  warning: () => t('Warnings and errors'),
  info: () => t('All but debug'),
  debug: () => t('Everything'),
};

/** Why a request was passed on without looking for a stored response. */
export const BYPASS_TEXTS: Readonly<Record<string, () => string>> = {
  mode: () => t('the session does not use the cache'),
  'no-rule': () => t('no rule selects the URL'),
  method: () => t('only GET and HEAD are cached'),
  range: () => t('a part of the response was requested'),
  'no-store': () => t('the request has Cache-Control: no-store'),
  handler: () => t('files of the app itself, which need no server'),
  'event-stream': () => t('an event stream has no end'),
  websocket: () => t('a WebSocket'),
};

/** Why a response was not stored. */
export const NOT_STORED_TEXTS: Readonly<Record<string, () => string>> = {
  partial: () => t('it is a part of the resource'),
  failure: () => t('its status is an error'),
  'vary-star': () => t('it has Vary: *'),
  'no-store': () => t('it has Cache-Control: no-store; a rule with force stores it'),
  'private-or-cookie': () => t('it is private or sets a cookie; a rule with force stores it'),
  'not-cacheable': () => t('its status or headers do not permit it; a rule with force stores it'),
  'too-large': () => t('it is larger than max_bytes'),
};
