import type { ListedVersion } from '../../../library/browser-state/index.ts';
import type { ProfileKey } from '../../browser/profiles.ts';
import type { WireProfile, WireProfileSummary } from '../schemas/profiles.ts';

/** Maps a profile to the wire. @returns nothing for one without versions, which has just been deleted */
export function toWireSummary(
  { user, session }: ProfileKey,
  versions: readonly ListedVersion[],
): WireProfileSummary[] {
  const [newest] = versions;
  if (!newest) return [];
  const { version, createdAt, bytes } = newest;
  return [{ user, session, version_count: versions.length, version, updated_at: createdAt, bytes }];
}

/** Maps a profile with its versions to the wire. */
export function toWireProfile(
  { user, session }: ProfileKey,
  versions: readonly ListedVersion[],
): WireProfile {
  return {
    user,
    session,
    versions: versions.map(({ version, createdAt, bytes, fileCount, reason, restoredCheckpoint = null }) => ({
      version,
      created_at: createdAt,
      bytes,
      file_count: fileCount,
      reason,
      restored_checkpoint: restoredCheckpoint,
    })),
  };
}
