import { constants } from 'node:os';
import type { DomainEvent } from '../events/events.ts';
import type { Occurrence } from './occurrences.ts';

/** Looks up what notifications name. */
export interface Names {
  /** Name of an engine, also of one that has just stopped. */
  engine(id: string): string;
  /** What a stream plays. */
  stream(id: string): string;
  /** Host name of this orchestrator. */
  readonly host: string;
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** The occurrence that a domain event is, or null if no notification is about it. */
export function occurrenceOf(event: DomainEvent, names: Names): Occurrence | null {
  switch (event.type) {
    case 'engine_stopped': {
      if (event.reason === 'deleted') return null;
      const name = names.engine(event.engineId);
      const cause = causeOf(event);
      return {
        type: 'engine_lost',
        level: 'warning',
        title: `Engine ${name} is no longer running`,
        message: `Cause: ${cause}. A new engine is started if there are too few.`,
        item: `${name} (${cause})`,
        titleOf: (count) => `${count} engines are no longer running`,
      };
    }
    case 'stream_ended': {
      if (event.reason !== 'engine_stopped') return null;
      const stream = names.stream(event.streamId);
      return {
        type: 'streams_lost',
        level: 'error',
        title: 'A stream has ended because its engine stopped',
        message: `Stream: ${stream}.`,
        item: stream,
        titleOf: (count) => `${count} streams have ended because their engines stopped`,
      };
    }
    case 'leadership_changed':
      if (!event.leading) return null;
      return {
        type: 'leader',
        level: 'info',
        title: `${names.host} is now the leader`,
        message: 'This orchestrator scales and replaces engines from now on.',
        item: `term ${event.term}`,
        titleOf: (count) => `${names.host} has become the leader ${count} times`,
      };
    case 'session_changed': {
      if (event.status !== 'failed') return null;
      const app = `${event.workspace}/${event.appId}`;
      return {
        type: 'app_failed',
        level: 'error',
        title: `The browser app ${app} has failed`,
        message: `Its session ${event.sessionId} has ended. The log of the session says why.`,
        item: `${app} (session ${event.sessionId})`,
        titleOf: (count) => `${count} sessions of browser apps have failed`,
      };
    }
    case 'app_installed': {
      const { version, formerVersion } = event;
      if (formerVersion === undefined || version === formerVersion) return null;
      const app = `${event.workspace}/${event.appId}`;
      const change = `${formerVersion ?? 'no version'} → ${version ?? 'no version'}`;
      return {
        type: 'app_version',
        level: 'info',
        title: `The browser app ${app} has a new version`,
        message: `${change}. New sessions use it.`,
        item: `${app} (${change})`,
        titleOf: (count) => `${count} browser apps have new versions`,
      };
    }
    default:
      return null;
  }
}

type EngineStopped = Extract<DomainEvent, { type: 'engine_stopped' }>;

function causeOf({ exitCode, outOfMemory }: EngineStopped): string {
  if (outOfMemory) return 'out of memory: raise ENGINE_MEMORY_LIMIT or run fewer engines';
  if (exitCode === undefined) return 'unknown';
  const signal = exitCode > 128 ? SIGNALS.get(exitCode - 128) : undefined;
  return signal ? `exit code ${exitCode}, ${signal}` : `exit code ${exitCode}`;
}
