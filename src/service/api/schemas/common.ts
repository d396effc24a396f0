import { type TSchema, type TSchemaOptions, Type } from 'typebox';

/** A schema that also accepts null. */
export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** One of several strings. */
export function oneOf<Values extends string[]>(values: readonly [...Values], options: TSchemaOptions = {}) {
  return Type.Enum(values, { type: 'string', ...options });
}

/** A number of things. */
export const Count = (description?: string) =>
  Type.Integer({ minimum: 0, ...(description ? { description } : {}) });

/** A point in time. */
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

/** A number of bytes. */
export const Bytes = (description?: string) =>
  Type.Integer({ minimum: 0, description: description ? `${description}, in bytes` : 'Bytes' });

/** CPU usage. */
export const CpuPercent = Type.Number({ minimum: 0, description: 'Percent; 100 is one core' });

/** Path parameters of one engine. */
export const EngineId = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: 'Container id, 64 hexadecimal digits' }),
});

/** A confirmation in words. */
export const MessageSchema = Type.Object({ message: Type.String() });
