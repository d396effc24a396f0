import type { Stream } from '../streams/streams.ts';
import type { Change, EventCounts, EventQuery, EventRecord, Keeping, Report } from './records.ts';

/** What the worker is started with. */
export interface WorkerSettings {
  path: string;
  maxEvents: number;
  maxAgeMs: number;
}

/** What the main thread asks of the worker: each question with its answer. */
export interface Questions {
  write: { ask: readonly Change[]; answer: null };
  events: { ask: EventQuery; answer: EventRecord[] };
  figures: { ask: null; answer: EventCounts & { dropped: number } };
  /** Asks for streams that have not ended, and for so many that have. */
  streams: { ask: number; answer: Stream[] };
  close: { ask: null; answer: null };
}

export type Question = keyof Questions;

export interface ToWorker {
  id: number;
  question: Question;
  ask: Questions[Question]['ask'];
}

export type FromWorker =
  | { id: number; answer: Questions[Question]['answer'] }
  | { id: number; fault: string }
  | { report: Report }
  | { keeping: Keeping };
