import { TEMPLATE_SLOTS } from '../../../engines/custom-variant-store.ts';
import { RoundhouseError } from '../../../errors.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import {
  ImportBody,
  isTemplate,
  RenameBody,
  TemplateBody,
  TemplateChangedSchema,
  TemplateParams,
  TemplateSchema,
  TemplatesSchema,
} from '../../schemas/custom-variant.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../../schemas/problem.ts';

const tags = ['engines'];
const READ = ['invalid_request', ...KEY_CODES, 'template_not_found'] as const;
const CHANGE = [...WRITE_CODES, 'invalid_settings', 'settings_not_stored'] as const;

/** `/custom-variant/templates`: settings of engines that are kept under a name. */
export function templateRoutes(
  api: Api,
  { customVariants: store, checkKey: onRequest }: Pick<RouteDependencies, 'customVariants' | 'checkKey'>,
): void {
  const common = { tags, security: KEY_SECURITY, params: TemplateParams };
  const changed = (...codes: Parameters<typeof problems>) => ({
    200: TemplateChangedSchema,
    ...problems(...CHANGE, ...codes),
  });

  api.get(
    '/',
    {
      schema: {
        tags,
        summary: 'List the templates',
        description: 'All slots; `exists` is false for an empty one.',
        response: { 200: TemplatesSchema },
      },
    },
    async () => ({
      templates: Array.from({ length: TEMPLATE_SLOTS }, (_, index) => {
        const template = store.template(index + 1);
        return {
          slot_id: index + 1,
          name: template?.name ?? `Template ${index + 1}`,
          exists: template !== undefined,
        };
      }),
      active_template_id: store.activeTemplate,
    }),
  );

  api.get(
    '/:slot',
    {
      // Parameters may contain access tokens.
      onRequest,
      schema: {
        ...common,
        summary: 'Get a template',
        description: 'Engine settings that were stored under a name. Status 404 if the slot is empty.',
        response: { 200: TemplateSchema, ...problems(...READ) },
      },
    },
    async ({ params: { slot } }) => ({ slot_id: slot, ...store.requireTemplate(slot) }),
  );

  api.post(
    '/:slot',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Store a template',
        description: 'Replaces the template in this slot, if there is one.',
        body: TemplateBody,
        response: changed(),
      },
    },
    async ({ params: { slot }, body: { name, config } }) => {
      await store.setTemplate(slot, { name, config });
      return { message: `Stored the template ${name}`, slot_id: slot };
    },
  );

  api.delete(
    '/:slot',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Delete a template that is not active',
        description: 'The active template cannot be deleted: activate another one first.',
        response: changed('template_active', 'template_not_found'),
      },
    },
    async ({ params: { slot } }) => {
      await store.deleteTemplate(slot);
      return { message: `Deleted the template in slot ${slot}`, slot_id: slot };
    },
  );

  api.patch(
    '/:slot/rename',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Rename a template',
        description: 'Its settings do not change.',
        body: RenameBody,
        response: changed('template_not_found'),
      },
    },
    async ({ params: { slot }, body: { name } }) => {
      await store.setTemplate(slot, { ...store.requireTemplate(slot), name });
      return { message: `Renamed the template to ${name}`, slot_id: slot };
    },
  );

  api.post(
    '/:slot/activate',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Put the settings of a template into effect',
        description:
          'They apply to engines that are started later. `POST /custom-variant/reprovision` applies them to all.',
        response: changed('template_not_found'),
      },
    },
    async ({ params: { slot } }) => {
      await store.activate(slot);
      return { message: `Activated the template in slot ${slot}`, slot_id: slot };
    },
  );

  api.get(
    '/:slot/export',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Download a template',
        description: 'As a file. `POST /custom-variant/templates/{slot}/import` reads its content.',
        response: { 200: TemplateBody, ...problems(...READ) },
      },
    },
    async ({ params: { slot } }, reply) => {
      const template = store.requireTemplate(slot);
      reply.header('Content-Disposition', `attachment; filename="engine-settings-${slot}.json"`);
      return template;
    },
  );

  api.post(
    '/:slot/import',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Store an exported template',
        description: '`json_data` is the content of a file from `export`.',
        body: ImportBody,
        response: changed(),
      },
    },
    async ({ params: { slot }, body }) => {
      const { name, config } = parse(body.json_data);
      await store.setTemplate(slot, { name, config });
      return { message: `Imported the template ${name}`, slot_id: slot };
    },
  );
}

function parse(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RoundhouseError('invalid_settings', '`json_data` is not valid JSON');
  }
  if (isTemplate(value)) return value;
  throw new RoundhouseError('invalid_settings', '`json_data` is not an exported template');
}
