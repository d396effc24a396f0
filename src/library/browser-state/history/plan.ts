import type { ChunkLocation, Manifest, PackInfo } from '../content/manifest.ts';
import { PACK_SIZE } from '../content/pack-writer.ts';
import type { Snapshot } from '../content/snapshot.ts';

/** Packs of a version beyond those that its size requires. Together with the first, a small profile has up to 16. */
const MAX_EXTRA_PACKS = 15;

/** Which packs of the previous version the next one keeps. The chunks of the others are written again. */
export interface PackPlan {
  readonly packs: readonly PackInfo[];
  /** Chunks in these packs, by hash. Their `pack` is the index in `packs`. */
  readonly chunks: ReadonlyMap<string, ChunkLocation>;
}

/**
 * Decides which packs to keep. One of which less than half is still used is not kept. If too many remain, all that
 * are less than half full are replaced, together with the new chunks, by one.
 * @param usable names of the packs that exist
 */
export function planPacks(base: Manifest, snapshot: Snapshot, usable: (pack: PackInfo) => boolean): PackPlan {
  const wanted = new Set(snapshot.files.flatMap(({ chunks }) => chunks.map(({ hash }) => hash)));
  const usedBytes = base.packs.map(() => 0);
  for (const { hash, pack, length } of base.chunks) if (wanted.has(hash)) usedBytes[pack]! += length;
  const total = usedBytes.reduce((sum, bytes) => sum + bytes, 0);
  let kept = base.packs.filter((pack, index) => usable(pack) && usedBytes[index]! * 2 >= pack.rawSize);
  if (kept.length >= MAX_EXTRA_PACKS + Math.ceil(total / PACK_SIZE))
    kept = kept.filter(({ rawSize }) => rawSize * 2 >= PACK_SIZE);
  const indexes = new Map(kept.map((pack, index) => [pack, index]));
  const chunks = new Map<string, ChunkLocation>();
  for (const chunk of base.chunks) {
    const pack = indexes.get(base.packs[chunk.pack]!);
    if (pack !== undefined && wanted.has(chunk.hash)) chunks.set(chunk.hash, { ...chunk, pack });
  }
  return { packs: kept, chunks };
}

/** Returns whether a version already has exactly the files of a snapshot. */
export function hasSameFiles(base: Manifest, { files }: Snapshot): boolean {
  return (
    base.files.length === files.length &&
    files.every((file, index) => {
      const other = base.files[index]!;
      return (
        other.path === file.path &&
        other.size === file.size &&
        other.mode === file.mode &&
        other.chunks.length === file.chunks.length &&
        file.chunks.every(({ hash }, position) => base.chunks[other.chunks[position]!]!.hash === hash)
      );
    })
  );
}
