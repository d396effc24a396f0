import { type Static, Type } from 'typebox';
import { PROFILE_PATTERN } from '../../browser/profiles.ts';
import { Bytes, Count, Nullable, Time } from './common.ts';

const Name = (description: string) => Type.String({ pattern: PROFILE_PATTERN, description });

/** Path parameters of a profile. */
export const ProfileParams = Type.Object({
  user: Name('Workspace that owns the profile, or a hash of it'),
  session: Name('Name of the profile'),
});

const Size = Bytes('Files of the version, before deduplication and compression');
const Key = { user: Type.String(), session: Type.String() };

/** A profile in `GET /profiles`. */
export const ProfileSummarySchema = Type.Object(
  {
    ...Key,
    version_count: Count('Versions that are kept'),
    version: Type.Integer({ minimum: 1, description: 'The newest version' }),
    updated_at: Time,
    bytes: Size,
  },
  { title: 'ProfileSummary' },
);
/** {@inheritDoc ProfileSummarySchema} */
export type WireProfileSummary = Static<typeof ProfileSummarySchema>;
/** `GET /profiles`. */
export const ProfilesSchema = Type.Array(ProfileSummarySchema);

/** `GET /profiles/{user}/{session}`. */
export const ProfileSchema = Type.Object(
  {
    ...Key,
    versions: Type.Array(
      Type.Object(
        {
          version: Type.Integer({ minimum: 1 }),
          created_at: Time,
          bytes: Size,
          file_count: Count(),
          reason: Type.String({ description: 'Why it exists, such as `commit`, `fork` or `rollback`' }),
          restored_checkpoint: Nullable(
            Type.String({ description: 'When the checkpoint was saved that it contains, after a crash' }),
          ),
        },
        { title: 'ProfileVersion' },
      ),
      { description: 'Newest first' },
    ),
  },
  { title: 'Profile' },
);
/** {@inheritDoc ProfileSchema} */
export type WireProfile = Static<typeof ProfileSchema>;

/** `POST /profiles/{user}/{session}/rollback`. */
export const RollbackBody = Type.Object(
  { version: Type.Integer({ minimum: 1, description: 'Version whose content becomes the newest' }) },
  { additionalProperties: false, examples: [{ version: 1 }] },
);
/** Reply to `POST /profiles/{user}/{session}/rollback`. */
export const RolledBackSchema = Type.Object({
  version: Type.Integer({ minimum: 1, description: 'Number of the new version' }),
});

/** `POST /profiles/{user}/{session}/fork`. */
export const ForkBody = Type.Object(
  {
    session: Name('Name of the new profile'),
    version: Type.Optional(Type.Integer({ minimum: 1, description: 'Default: the newest' })),
  },
  { additionalProperties: false, examples: [{ session: 'copy', version: 1 }] },
);

/** `DELETE /profiles/{user}/{session}`. */
export const ProfileDeletedSchema = Type.Object({ deleted: Type.String() });
