import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { RoundhouseError } from '../../errors.ts';

const Optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const Labels = Optional(Type.Record(Type.String(), Type.String()));
const HostConfig = Type.Object({ NetworkMode: Optional(Type.String()) });

const LISTED = Compile(
  Type.Array(
    Type.Object({
      Id: Type.String({ minLength: 1 }),
      Names: Type.Array(Type.String()),
      State: Type.String(),
      Labels,
      HostConfig,
    }),
  ),
);

/** What is read of every container. */
const CONTAINER = {
  Id: Type.String({ minLength: 1 }),
  State: Type.Object({
    Running: Type.Boolean(),
    Paused: Type.Boolean(),
    StartedAt: Type.String(),
    Pid: Type.Integer({ minimum: 0 }),
  }),
};
const Networks = Optional(Type.Record(Type.String(), Type.Object({ IPAddress: Optional(Type.String()) })));

const ENGINE = Compile(
  Type.Object({
    ...CONTAINER,
    Name: Type.String(),
    Created: Type.String(),
    Config: Type.Object({ Labels, Image: Type.String(), Tty: Type.Boolean() }),
    HostConfig,
    NetworkSettings: Type.Object({ Ports: Optional(Type.Record(Type.String(), Type.Unknown())) }),
  }),
);

const VPN = Compile(
  Type.Object({
    ...CONTAINER,
    Config: Type.Object({ Env: Optional(Type.Array(Type.String())) }),
    NetworkSettings: Type.Object({ Networks }),
  }),
);

/**
 * The replies of Docker from which values are read without further checks. A daemon, or a proxy in front of it, that
 * sends anything else does not respond, as far as engines are concerned: what it did send may have any shape.
 */
const REPLIES = { list: LISTED, engine: ENGINE, vpn: VPN };

/**
 * Checks a reply of Docker.
 * @param kind `list` of containers, or the inspection of an `engine` or a `vpn`
 * @returns the reply
 * @throws RoundhouseError `runtime_unavailable`
 */
export function checkReply<T>(kind: keyof typeof REPLIES, reply: T): T {
  if (REPLIES[kind].Check(reply) && hasTimes(reply)) return reply;
  throw new RoundhouseError('runtime_unavailable', 'Docker sent a reply of an unexpected shape');
}

/** Whether the times of an inspected container are times. */
function hasTimes(reply: unknown): boolean {
  const { Created, State } = reply as { Created?: string; State?: { StartedAt?: string } };
  return [Created, State?.StartedAt].every((time) => time === undefined || !Number.isNaN(Date.parse(time)));
}
