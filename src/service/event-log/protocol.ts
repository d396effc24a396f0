import type { Stream } from '../streams/streams.ts';
import type { Change, EventCounts, EventQuery, EventRecord, LogLine, StorageState } from './records.ts';

/** `workerData` of the worker. */
export interface WorkerSettings {
  /** Path of the SQLite file. */
  path: string;
  maxEvents: number;
  maxAgeMs: number;
}

/** The methods that the main thread can call on the worker, with their parameters and results. */
export interface WorkerMethods {
  write: { params: readonly Change[]; result: null };
  events: { params: EventQuery; result: EventRecord[] };
  /** `dropped`: events lost since the worker started. */
  counts: { params: null; result: EventCounts & { dropped: number } };
  /** `params`: maximum number of ended streams. */
  streams: { params: number; result: Stream[] };
  /** `params`: time in milliseconds since the epoch; `result`: number of deleted events. */
  deleteBefore: { params: number; result: number };
  close: { params: null; result: null };
}

/** Name of a method of the worker. */
export type WorkerMethod = keyof WorkerMethods;

/** A call, as posted to the worker. */
export interface WorkerRequest {
  /** Copied to the response. */
  id: number;
  method: WorkerMethod;
  params: WorkerMethods[WorkerMethod]['params'];
}

/** A message posted by the worker: the response to a call, or a notification. */
export type WorkerMessage =
  | { id: number; result: WorkerMethods[WorkerMethod]['result'] }
  | { id: number; error: string }
  | { log: LogLine }
  | { storage: StorageState };
