import pLimit from 'p-limit';
import type { ReadContent } from './content.ts';
import type { Stream } from './streams.ts';

/** An engine asks its peers for metadata that it does not have. */
const MAX_CONCURRENT_READS = 4;

/**
 * Creates a function that names a stream by the title of its content, if its client has given it no name. Each stream is
 * tried once. Never rejects.
 */
export function createTitleReader(readContent: ReadContent): (stream: Stream) => Promise<void> {
  const limit = pLimit(MAX_CONCURRENT_READS);
  const tried = new WeakSet<Stream>();
  return async (stream) => {
    if (stream.name !== null || tried.has(stream)) return;
    tried.add(stream);
    await limit(async () => {
      const content = await readContent(stream).catch(() => null);
      stream.name ??= content?.title || null;
    });
  };
}
