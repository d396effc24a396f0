import { t } from './i18n.ts';
import { engineHref } from './router.ts';
import type { EventRecord } from './wire.ts';

/** An event as a sentence; the name of its subject is a link if it still exists. */
export interface EventText {
  before: string;
  name: string;
  href: string | null;
  after: string;
}

/** Where names and links are looked up. */
export interface Subjects {
  /** Names of the engines that run, by id. */
  engines: ReadonlyMap<string, string>;
  /** Names of the streams that play, by id. */
  streams: ReadonlyMap<string, string>;
}

/** Returns the sentence of an event in the language of the user; in English for kinds that have no text here. */
export function describeEvent(event: EventRecord, subjects: Subjects): EventText {
  const isNodeLost = event.event_type === 'engine' && event.details.reason === 'node_lost';
  const template = isNodeLost
    ? t('Engine {name} was lost with its node')
    : TEMPLATES[`${event.event_type} ${event.category}`]?.();
  if (template === undefined) return { before: event.message, name: '', href: null, after: '' };
  const { container_id: id, stream_id: streamId, event_type } = event;
  const isStream = event_type === 'stream';
  const name = isStream ? streamName(event, subjects) : engineName(event, subjects);
  const [before = '', after = ''] = template.split('{name}');
  const href = id !== null && subjects.engines.has(id) ? engineHref(id) : null;
  return { before, name, href: isStream && streamId === null ? null : href, after: after + causeOf(event) };
}

/** Texts by type and category. */
const TEMPLATES: Readonly<Record<string, () => string>> = {
  'engine created': () => t('Engine {name} is running'),
  'engine deleting': () => t('Engine {name} is being deleted'),
  'engine deleted': () => t('Engine {name} was deleted'),
  'engine failed': () => t('Engine {name} stopped unexpectedly'),
  'engine restarted': () => t('Engine {name} is being restarted'),
  'engine paused': () => t('Engine {name} is paused'),
  'engine resumed': () => t('Engine {name} runs again after a pause'),
  'health recovered': () => t('Engine {name} responds'),
  'health failed': () => t('Engine {name} does not respond'),
  'stream started': () => t('Stream {name} started'),
  'stream ended': () => t('Stream {name} ended'),
};

function engineName({ container_id: id, details }: EventRecord, { engines }: Subjects): string {
  if (typeof details.name === 'string') return details.name;
  return id === null ? '' : (engines.get(id) ?? id.slice(0, 12));
}

function streamName({ stream_id: id, details }: EventRecord, { streams }: Subjects): string {
  if (typeof details.name === 'string') return details.name;
  return id === null ? '' : (streams.get(id) ?? id.slice(0, 12));
}

function causeOf({ event_type, details }: EventRecord): string {
  const { exitCode, outOfMemory, reason } = details;
  if (outOfMemory === true) return t(' (out of memory)');
  if (typeof exitCode === 'number') return t(' (exit code {code})', { code: exitCode });
  if (event_type !== 'stream' || typeof reason !== 'string') return '';
  return `: ${REASONS[reason]?.() ?? reason}`;
}

const REASONS: Readonly<Record<string, () => string>> = {
  engine_stopped: () => t('its engine stopped'),
  node_lost: () => t('the node of its engine was lost'),
  session_gone: () => t('its engine no longer has the session'),
  forgotten: () => t('its end was not reported'),
};
