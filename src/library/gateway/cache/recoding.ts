import { promisify } from 'node:util';
import { createZstdCompress, zstdDecompress } from 'node:zlib';
import { parseCacheControl } from '../../http-cache/cache-control.ts';
import { fieldValue, type HeaderFields } from '../../http-cache/headers.ts';
import type { StoreMetadata, StoreWriter } from './store.ts';

const TEXT =
  /^(text\/|application\/([\w.-]+\+)?(json|xml|javascript|ecmascript|manifest)\b|image\/svg\+xml)/i;
/** Compressing less saves nothing worth the time. */
const MIN_BYTES = 1024;

const decompress = promisify(zstdDecompress);

/** Whether a response is compressed when it is stored: text that the origin sent without a content coding. */
export function isRecoded(status: number, headers: HeaderFields, length: number | undefined): boolean {
  return (
    status === 200 &&
    headers['content-encoding'] === undefined &&
    (length ?? MIN_BYTES) >= MIN_BYTES &&
    TEXT.test(fieldValue(headers, 'content-type') ?? '') &&
    !parseCacheControl(headers).has('no-transform')
  );
}

/**
 * A writer that compresses what it writes with zstd.
 * @param describe the metadata of the entry, from the number of bytes before compression
 */
export function recodingWriter(writer: StoreWriter, describe: (bytes: number) => StoreMetadata): StoreWriter {
  const compressor = createZstdCompress();
  let bytes = 0;
  let failure: Error | undefined;
  compressor.on('error', () => {});
  const compressed = (async () => {
    for await (const chunk of compressor as AsyncIterable<Buffer>) await writer.write(chunk);
  })().catch((error) => {
    failure = error;
    compressor.destroy();
  });
  return {
    write: (chunk) => {
      bytes += chunk.byteLength;
      return new Promise((resolve, reject) => {
        compressor.write(chunk, (error) => (error ? reject(failure ?? error) : resolve()));
      });
    },
    commit: async () => {
      compressor.end();
      await compressed;
      if (failure) throw failure;
      return writer.commit(describe(bytes));
    },
    abort: async () => {
      compressor.destroy();
      await writer.abort();
    },
  };
}

/** The body as the origin sent it. @throws Error if it is damaged */
export function decode(body: Uint8Array): Promise<Buffer> {
  return decompress(body);
}

/**
 * Whether a request accepts zstd.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.3
 */
export function acceptsZstd(request: HeaderFields): boolean {
  const codings = (fieldValue(request, 'accept-encoding') ?? '').toLowerCase().split(',');
  return codings.some((coding) => {
    const [name, ...parameters] = coding.split(';').map((part) => part.trim());
    return name === 'zstd' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/**
 * The fields of a response that is sent compressed. Its bytes differ from those that the origin's entity tag is
 * for, so that the tag becomes weak.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.3
 */
export function recodedFields(headers: HeaderFields): HeaderFields {
  const etag = fieldValue(headers, 'etag');
  const vary = fieldValue(headers, 'vary');
  return {
    ...headers,
    'content-encoding': 'zstd',
    vary: vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`,
    ...(etag === undefined || etag.startsWith('W/') ? {} : { etag: `W/${etag}` }),
  };
}
