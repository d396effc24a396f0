import { APP_TYPES, type AppType, SESSION_MODES, type SessionMode } from '../apps/manifest-schema.ts';
import type { Session } from '../sessions/session.ts';
import { SESSION_STATUSES, type SessionStatus } from '../sessions/session-status.ts';

/** What lists show of a session, wherever it runs. Times are in milliseconds since the epoch. */
export interface SessionSummary {
  readonly id: string;
  readonly workspace: string;
  readonly appId: string;
  readonly name: string;
  readonly type: AppType;
  readonly status: SessionStatus;
  readonly reason: string | null;
  /** Code of a failure. */
  readonly code: string | null;
  readonly mode: SessionMode;
  readonly profile: string | null;
  readonly isWarmUp: boolean;
  readonly canExecute: boolean;
  /** Id of the session that has crashed and was replaced by this one. */
  readonly restartOf: string | null;
  readonly createdAt: number;
  readonly readyAt: number | null;
  readonly endedAt: number | null;
  /** How long the start took, in milliseconds. */
  readonly startMs: number | null;
  readonly requests: number;
  readonly hits: number;
  readonly bytesFromUpstream: number;
  readonly memoryBytes: number | null;
}

/** A session of another orchestrator. */
export interface RemoteSession extends SessionSummary {
  /** Id of the orchestrator that runs it. */
  readonly owner: string;
  /** Grows with each change. */
  readonly revision: number;
}

/** Summarizes a session of this orchestrator. */
export function summarize(session: Session): SessionSummary {
  const { workspace, appId, manifest } = session.app;
  const { requests = 0, hits = 0, bytesFromUpstream = 0 } = session.traffic ?? {};
  return {
    id: session.id,
    workspace,
    appId,
    name: manifest.name,
    type: manifest.type,
    status: session.status,
    reason: session.reason,
    code: session.code,
    mode: session.status === 'running' ? (session.laneMode ?? session.mode) : session.mode,
    profile: session.profile,
    isWarmUp: session.isWarmUp,
    canExecute: session.canExecute,
    restartOf: session.restartOf,
    createdAt: session.createdAt,
    readyAt: session.readyAt,
    endedAt: session.endedAt,
    startMs: session.startMs === null ? null : Math.round(session.startMs),
    requests,
    hits,
    bytesFromUpstream,
    memoryBytes: session.memoryBytes,
  };
}

/** Whether a session uses Chromium, or is about to. */
export function isLive({ status }: Pick<SessionSummary, 'status'>): boolean {
  return status === 'starting' || status === 'running' || status === 'stopping';
}

/** Decodes a session of another orchestrator. @returns undefined for anything else */
export function decodeSession(text: string): RemoteSession | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRemoteSession(value) ? value : undefined;
}

function isRemoteSession(value: unknown): value is RemoteSession {
  if (typeof value !== 'object' || value === null) return false;
  const session = value as Record<keyof RemoteSession, unknown>;
  const { id, owner, workspace, appId, name, reason, code, profile, restartOf } = session;
  return (
    [id, owner, workspace, appId, name].every((each) => typeof each === 'string') &&
    [reason, code, profile, restartOf].every((each) => each === null || typeof each === 'string') &&
    (APP_TYPES as readonly unknown[]).includes(session.type) &&
    (SESSION_STATUSES as readonly unknown[]).includes(session.status) &&
    (SESSION_MODES as readonly unknown[]).includes(session.mode) &&
    isTime(session.createdAt) &&
    [session.readyAt, session.endedAt].every((each) => each === null || isTime(each)) &&
    [session.isWarmUp, session.canExecute].every((each) => typeof each === 'boolean') &&
    [session.startMs, session.memoryBytes].every((each) => each === null || isCount(each)) &&
    [session.revision, session.requests, session.hits, session.bytesFromUpstream].every(isCount)
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether a value is a time in milliseconds since the epoch that has a date. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}
