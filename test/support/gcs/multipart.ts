const SEPARATOR = '\r\n\r\n';

/**
 * Parses the body of a multipart upload: a part with metadata in JSON, and one with the content.
 * @see https://cloud.google.com/storage/docs/uploading-objects-from-memory
 */
export function parseMultipart(
  contentType: string,
  body: Buffer,
): { metadata: Record<string, unknown>; bytes: Buffer } {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`not a multipart body: ${contentType}`);
  const delimiter = `--${boundary}`;
  const second = body.indexOf(delimiter, delimiter.length);
  const end = body.lastIndexOf(`\r\n${delimiter}--`);
  const metadataStart = body.indexOf(SEPARATOR) + SEPARATOR.length;
  const contentStart = body.indexOf(SEPARATOR, second) + SEPARATOR.length;
  if (second === -1 || end < contentStart) throw new Error('an incomplete multipart body');
  return {
    metadata: JSON.parse(body.toString('utf8', metadataStart, second)),
    bytes: body.subarray(contentStart, end),
  };
}
