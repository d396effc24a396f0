import AjvCompiler, { type BuildCompilerFromPool } from '@fastify/ajv-compiler';
import { type Serializer, SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import type { FastifyServerOptions } from 'fastify';

/** What Fastify calls of a validator. The errors of the last call are a property. */
type Validate = ReturnType<ReturnType<BuildCompilerFromPool>>;

/** By schema: routes, and servers in one process, share what was compiled for the schemas that they share. */
const validators = new WeakMap<object, Validate>();
const serializers = new WeakMap<object, Serializer>();

/**
 * Compiles validators and serializers when they are first used. Fastify compiles all of them at the start, which took
 * half of the time to create a server, although most are not used: problems have a serializer of their own.
 */
export function lazySchemas(): NonNullable<FastifyServerOptions['schemaController']> {
  const buildValidator: BuildCompilerFromPool = AjvCompiler();
  const buildSerializer = SerializerSelector();
  return {
    compilersFactory: {
      buildValidator: ((schemas, options) => {
        const compile = buildValidator(schemas, options);
        return (definition: { schema: object }) =>
          lazyValidator(definition.schema, () => compile(definition));
      }) as BuildCompilerFromPool,
      buildSerializer: (schemas, options) => {
        const compile = buildSerializer(schemas, options);
        return (definition) => {
          const key = definition.schema as object;
          return (value) => (serializers.get(key) ?? keep(serializers, key, compile(definition)))(value);
        };
      },
    },
  };
}

function lazyValidator(schema: object, compile: () => Validate): Validate {
  const validate = ((value: unknown) => {
    const compiled = validators.get(schema) ?? keep(validators, schema, compile());
    const isValid = compiled(value);
    validate.errors = compiled.errors ?? null;
    return isValid;
  }) as Validate;
  return validate;
}

function keep<T>(map: WeakMap<object, T>, key: object, value: T): T {
  map.set(key, value);
  return value;
}
