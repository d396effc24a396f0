import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { RoundhouseError } from '../../errors.ts';

const Optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const Labels = Optional(Type.Record(Type.String(), Type.String()));
const Id = Type.String({ minLength: 1 });

const Ports = Optional(
  Type.Array(Type.Object({ PublishedPort: Optional(Type.Integer()), TargetPort: Optional(Type.Integer()) })),
);

const ServiceReply = Type.Object({
  ID: Id,
  CreatedAt: Type.String(),
  Spec: Type.Object({
    Name: Type.String(),
    Labels,
    TaskTemplate: Type.Object({ ContainerSpec: Optional(Type.Object({ Image: Optional(Type.String()) })) }),
    Mode: Optional(
      Type.Object({ Replicated: Optional(Type.Object({ Replicas: Optional(Type.Integer()) })) }),
    ),
    EndpointSpec: Optional(Type.Object({ Ports })),
  }),
  Endpoint: Optional(Type.Object({ Ports })),
});

const TaskReply = Type.Object({
  ID: Id,
  CreatedAt: Type.String(),
  ServiceID: Optional(Type.String()),
  NodeID: Optional(Type.String()),
  DesiredState: Type.String(),
  Status: Type.Object({
    Timestamp: Type.String(),
    State: Type.String(),
    Err: Optional(Type.String()),
    ContainerStatus: Optional(
      Type.Object({ ContainerID: Optional(Type.String()), ExitCode: Optional(Type.Integer()) }),
    ),
  }),
});

const NodeReply = Type.Object({
  ID: Id,
  Spec: Type.Object({ Availability: Optional(Type.String()), Role: Optional(Type.String()), Labels }),
  // A node that joins has no description yet, and Docker leaves empty fields out.
  Description: Optional(
    Type.Object({
      Hostname: Optional(Type.String()),
      Resources: Optional(
        Type.Object({ NanoCPUs: Optional(Type.Number()), MemoryBytes: Optional(Type.Number()) }),
      ),
      Engine: Optional(Type.Object({ EngineVersion: Optional(Type.String()) })),
    }),
  ),
  Status: Optional(Type.Object({ State: Optional(Type.String()), Addr: Optional(Type.String()) })),
  ManagerStatus: Optional(Type.Object({ Leader: Optional(Type.Boolean()), Addr: Optional(Type.String()) })),
});

/** A service, as far as it is read. */
export type ServiceInfo = Static<typeof ServiceReply>;
/** A task, as far as it is read. */
export type TaskInfo = Static<typeof TaskReply>;
/** A node, as far as it is read. */
export type NodeInfo = Static<typeof NodeReply>;

const SERVICE = Compile(ServiceReply);
const SERVICES = Compile(Type.Array(ServiceReply));
const TASKS = Compile(Type.Array(TaskReply));
const NODES = Compile(Type.Array(NodeReply));
/** A service to update: its specification is sent back as it is. */
const UPDATABLE = Compile(
  Type.Object({
    Version: Type.Object({ Index: Type.Integer() }),
    Spec: Type.Object({ TaskTemplate: Type.Object({ ForceUpdate: Optional(Type.Integer()) }) }),
  }),
);

/** @throws RoundhouseError `runtime_unavailable` */
export function checkService(reply: unknown): ServiceInfo {
  if (SERVICE.Check(reply) && areTimes([reply.CreatedAt])) return reply;
  throw unexpected();
}

/** @throws RoundhouseError `runtime_unavailable` */
export function checkServices(reply: unknown): ServiceInfo[] {
  if (SERVICES.Check(reply) && areTimes(reply.map(({ CreatedAt }) => CreatedAt))) return reply;
  throw unexpected();
}

/** @throws RoundhouseError `runtime_unavailable` */
export function checkTasks(reply: unknown): TaskInfo[] {
  if (TASKS.Check(reply) && areTimes(reply.flatMap(({ CreatedAt, Status }) => [CreatedAt, Status.Timestamp])))
    return reply;
  throw unexpected();
}

/** @throws RoundhouseError `runtime_unavailable` */
export function checkNodes(reply: unknown): NodeInfo[] {
  if (NODES.Check(reply)) return reply;
  throw unexpected();
}

/** @throws RoundhouseError `runtime_unavailable` */
export function checkUpdatable(reply: unknown) {
  if (UPDATABLE.Check(reply)) return reply;
  throw unexpected();
}

function areTimes(texts: readonly string[]): boolean {
  return texts.every((text) => !Number.isNaN(Date.parse(text)));
}

/** What a manager, or a proxy in front of it, has sent may have any shape, so nothing of it is used. */
function unexpected(): RoundhouseError {
  return new RoundhouseError('runtime_unavailable', 'Docker sent a reply of an unexpected shape');
}
