import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** How often an agent sends a `beat`, in milliseconds. */
export const HEARTBEAT_MS = 1000;

const Integer = Type.Integer({ minimum: 0 });
/** Ids become parts of paths. */
const Id = Type.String({ pattern: '^[\\w.-]{1,128}$' });
/** Counters, sizes and times. */
const Amount = Type.Number({ minimum: 0, maximum: 2 ** 64 });

/** The container of an engine on the agent's node. */
const Container = Type.Object({
  /** The service that it is the task of, and so the engine's id. */
  serviceId: Id,
  containerId: Id,
  paused: Type.Boolean(),
});

/** The first line of a stream of events. */
const Hello = Type.Object({
  type: Type.Literal('hello'),
  nodeId: Id,
  /** Version of the agent. */
  version: Type.String({ maxLength: 128 }),
  /** Identifies the run of the agent: numbers of events start again in each. */
  run: Id,
  /** Number of the latest event. */
  sequence: Integer,
  /** The running containers; null if the events that were missed follow instead. */
  containers: Type.Union([Type.Array(Container), Type.Null()]),
});

/** A container has started, was paused or is resumed. */
const Running = Type.Object({ type: Type.Literal('running'), sequence: Integer, ...Container.properties });

/** A container has ended. */
const Ended = Type.Object({
  type: Type.Literal('ended'),
  sequence: Integer,
  serviceId: Id,
  containerId: Id,
  /** Exit code of its program, if it is known. */
  exitCode: Type.Optional(Type.Integer()),
});

/** Shows that the agent responds. */
const Beat = Type.Object({ type: Type.Literal('beat') });

const Sample = Type.Object({
  takenAt: Amount,
  startedAt: Amount,
  cpuNs: Amount,
  memoryUsage: Amount,
  memoryLimit: Amount,
  networkRx: Amount,
  networkTx: Amount,
  blockRead: Amount,
  blockWrite: Amount,
  networkNamespace: Type.Union([Type.String(), Type.Null()]),
});

const Load = Type.Object({
  /** Mean number of processes that ran or waited to run, over a minute. */
  loadAverage: Amount,
  cpus: Integer,
  /** Bytes. */
  memoryTotal: Integer,
  /** Bytes that can be used without swapping. */
  memoryAvailable: Integer,
});

const Samples = Type.Object({
  nodeId: Id,
  load: Load,
  /** By the id of the service. */
  samples: Type.Record(Type.String(), Sample),
});

/** Load of a node. */
export type NodeLoad = Static<typeof Load>;
/** The container of an engine on a node. */
export type AgentContainer = Static<typeof Container>;
/** The first line of a stream. */
export type AgentHello = Static<typeof Hello>;
/** A change of a container. */
export type AgentEvent = Static<typeof Running> | Static<typeof Ended>;
/** Reply to `GET /samples`. */
export type AgentSamples = Static<typeof Samples>;
/** A line of `GET /events`. */
export type AgentLine = AgentHello | AgentEvent | Static<typeof Beat>;

const LINE = Compile(Type.Union([Hello, Running, Ended, Beat]));
const SAMPLES = Compile(Samples);

const TYPES = new Set(['hello', 'running', 'ended', 'beat']);

/**
 * @returns null for a line of another type, which a newer agent may send
 * @throws Error unless the text is a line of the stream
 */
export function parseLine(text: string): AgentLine | null {
  const line: unknown = JSON.parse(text);
  if (LINE.Check(line)) return line;
  const { type } = Object(line) as { type?: unknown };
  if (typeof type === 'string' && !TYPES.has(type)) return null;
  throw new Error('The agent sent a line of an unexpected shape');
}

/** @throws Error unless the text is a reply to `GET /samples` */
export function parseSamples(text: string): AgentSamples {
  const reply: unknown = JSON.parse(text);
  if (SAMPLES.Check(reply)) return reply;
  throw new Error('The agent sent samples of an unexpected shape');
}
