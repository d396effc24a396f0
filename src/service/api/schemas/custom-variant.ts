import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  ARM_VERSIONS,
  type CustomVariant,
  PARAMETER_TYPES,
  PLATFORMS,
} from '../../engines/custom-variant.ts';
import { TEMPLATE_SLOTS } from '../../engines/custom-variant-store.ts';
import { Count, MessageSchema, Nullable, oneOf, Time } from './common.ts';

const Text = Type.String({ maxLength: 1024 });
const TemplateName = Type.String({ minLength: 1, maxLength: 100 });
const Slot = Type.Integer({ minimum: 1, maximum: TEMPLATE_SLOTS, description: 'Slot of a template' });

const EXAMPLE: CustomVariant = {
  enabled: true,
  platform: 'amd64',
  arm_version: '3.2.13',
  memory_limit: '512m',
  parameters: [{ name: '--live-cache-size', type: 'bytes', value: 104_857_600, enabled: true }],
};

/** Settings of engines. */
export const CustomVariantSchema = Type.Object(
  {
    enabled: Type.Boolean({
      description: 'Whether new engines use these settings instead of ENGINE_VARIANT',
    }),
    platform: oneOf(PLATFORMS),
    arm_version: oneOf(ARM_VERSIONS, { description: 'Version of the engine on `arm32` and `arm64`' }),
    memory_limit: Nullable(
      Type.String({ maxLength: 32, description: 'Such as `512m`; null for ENGINE_MEMORY_LIMIT' }),
    ),
    parameters: Type.Array(
      Type.Object(
        {
          name: Type.String({ maxLength: 66, description: 'Such as `--live-cache-size`' }),
          type: oneOf(PARAMETER_TYPES, { description: 'A flag has no value; sizes are in bytes' }),
          value: Type.Union([Text, Type.Number(), Type.Boolean()]),
          enabled: Type.Boolean({ description: 'Whether it is passed to engines' }),
        },
        { title: 'EngineParameter' },
      ),
      { maxItems: 100 },
    ),
  },
  { title: 'EngineSettings' },
);

/** Body of `POST /custom-variant/config`. */
export const CustomVariantBody = Type.Object(CustomVariantSchema.properties, {
  title: 'EngineSettings',
  examples: [EXAMPLE],
});

const compiled = Compile(CustomVariantSchema);

/** Whether a value has the shape of settings. */
export function isCustomVariant(value: unknown): value is CustomVariant {
  return compiled.Check(value);
}

/** `GET /custom-variant/platform`. */
export const PlatformSchema = Type.Object({
  platform: oneOf(PLATFORMS, { description: 'Of the machine on which Roundhouse runs' }),
  supported_platforms: Type.Array(oneOf(PLATFORMS)),
});

/** `POST /custom-variant/reprovision`. */
export const ReprovisionStartedSchema = Type.Object({
  message: Type.String(),
  deleted_count: Count('Engines that will be replaced'),
});

/** `GET /custom-variant/reprovision/status`. */
export const ReprovisionStatusSchema = Type.Object(
  {
    in_progress: Type.Boolean(),
    status: oneOf(['idle', 'in_progress', 'success', 'error']),
    message: Nullable(Type.String()),
    timestamp: Nullable(Time),
    total_engines: Count(),
    engines_stopped: Count(),
    engines_provisioned: Count(),
    current_engine_id: Nullable(Type.String()),
    current_phase: Nullable(
      oneOf(['preparing', 'stopping', 'cleaning', 'provisioning', 'complete', 'error']),
    ),
  },
  { title: 'ReprovisionStatus' },
);

/** `GET /custom-variant/templates`. */
export const TemplatesSchema = Type.Object({
  templates: Type.Array(Type.Object({ slot_id: Slot, name: Type.String(), exists: Type.Boolean() })),
  active_template_id: Nullable(Slot),
});

/** `GET /custom-variant/templates/{slot}`. */
export const TemplateSchema = Type.Object(
  { slot_id: Slot, name: Type.String(), config: CustomVariantSchema },
  { title: 'EngineSettingsTemplate' },
);

/** Path parameters of a template. */
export const TemplateParams = Type.Object({ slot: Slot });

/** Body of `POST /custom-variant/templates/{slot}`, and the content of an exported file. */
export const TemplateBody = Type.Object(
  { name: TemplateName, config: CustomVariantSchema },
  { examples: [{ name: 'Live TV', config: EXAMPLE }] },
);

const compiledTemplate = Compile(TemplateBody);

/** Whether a value is the content of an exported file. */
export function isTemplate(value: unknown): value is { name: string; config: CustomVariant } {
  return compiledTemplate.Check(value);
}

/** Body of `PATCH /custom-variant/templates/{slot}/rename`. */
export const RenameBody = Type.Object(
  { name: TemplateName },
  { examples: [{ name: 'Live TV, small cache' }] },
);

/** Body of `POST /custom-variant/templates/{slot}/import`. */
export const ImportBody = Type.Object(
  {
    json_data: Type.String({ maxLength: 60_000, description: 'The content of an exported file' }),
  },
  { examples: [{ json_data: JSON.stringify({ name: 'Live TV', config: EXAMPLE }) }] },
);

/** A change of a template. */
export const TemplateChangedSchema = Type.Object({ ...MessageSchema.properties, slot_id: Slot });
