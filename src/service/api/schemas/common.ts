import { type TSchema, Type } from 'typebox';
import type { ErrorCode } from '../../errors.ts';
import { PROBLEMS } from '../problem.ts';

export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });
export const Bytes = (description?: string) =>
  Type.Integer({
    minimum: 0,
    ...(description ? { description: `${description}, bytes` } : { description: 'bytes' }),
  });
export const CpuPercent = Type.Number({ minimum: 0, description: 'percent; 100 is one core' });

export const EngineId = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: 'Container id, 64 hexadecimal digits' }),
});

/** A problem+json response of one status, as Fastify and OpenAPI describe it. */
export interface ProblemResponse {
  description: string;
  content: { 'application/problem+json': { schema: TSchema } };
}

/** Responses for the named problems, grouped by status. */
export function problems(...codes: ErrorCode[]): Record<number, ProblemResponse> {
  const statuses = new Set(codes.map((code) => PROBLEMS[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const group = codes.filter((code) => PROBLEMS[code].status === status);
      return [status, describeProblem(status, group)];
    }),
  );
}

function describeProblem(status: number, codes: readonly ErrorCode[]): ProblemResponse {
  const schema = Type.Object({
    type: Type.String(),
    title: Type.String(),
    status: Type.Literal(status),
    detail: Type.Unknown({ description: 'What is wrong, in words; an object where provisioning is refused' }),
    code: Type.Union(codes.map((code) => Type.Literal(code))),
    requestId: Type.String(),
  });
  const description = codes.map((code) => PROBLEMS[code].title).join('; ');
  return { description, content: { 'application/problem+json': { schema } } };
}

/** What every write needs: the key, in either of its headers. */
export const KEY_SECURITY = [{ key: [] }, { bearer: [] }];

/** What can be wrong with any write before its own work begins. */
export const WRITE_CODES = [
  'invalid_request',
  'invalid_json',
  'ambiguous_key',
  'missing_key',
  'wrong_key',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies readonly ErrorCode[];
