import { sha256 } from '../content/hash.ts';
import { isTombstone, type Manifest } from '../content/manifest.ts';
import type { SessionObjects } from '../session-objects.ts';

/** Result of verifying a session. */
export interface VerifyResult {
  /** Versions that were verified. */
  readonly versions: number;
  /** Distinct packs that were read. */
  readonly packs: number;
  /** Bytes of file content that were verified. */
  readonly bytes: number;
  /** What is damaged, one message each. Empty if everything is intact. */
  readonly problems: readonly string[];
}

/** Reads every byte of every version of a session from storage and verifies it. */
export async function verifySession(objects: SessionObjects): Promise<VerifyResult> {
  const problems: string[] = [];
  const manifests: Manifest[] = [];
  for (const version of (await objects.list()).versions) {
    try {
      const manifest = await objects.readManifest(version);
      if (manifest && !isTombstone(manifest)) manifests.push(manifest);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const wanted = chunksByPack(manifests);
  let bytes = 0;
  for (const [name, { pack, chunks }] of wanted) {
    try {
      const raw = await objects.readPack(pack);
      for (const [hash, { offset, length }] of chunks) {
        if (sha256(raw.subarray(offset, offset + length)) !== hash)
          problems.push(`pack ${name}: chunk ${hash} differs`);
        bytes += length;
      }
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { versions: manifests.length, packs: wanted.size, bytes, problems };
}

function chunksByPack(manifests: readonly Manifest[]) {
  const packs = new Map<
    string,
    { pack: Manifest['packs'][number]; chunks: Map<string, Manifest['chunks'][number]> }
  >();
  for (const manifest of manifests) {
    for (const chunk of manifest.chunks) {
      const pack = manifest.packs[chunk.pack]!;
      const entry = packs.get(pack.name) ?? { pack, chunks: new Map() };
      packs.set(pack.name, entry);
      entry.chunks.set(chunk.hash, chunk);
    }
  }
  return packs;
}
