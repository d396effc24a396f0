import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { Readable, type Writable } from 'node:stream';
import type { HeaderFields } from '../../http-cache/headers.ts';
import type { GatewayError } from '../errors.ts';
import type { LaneResponse } from '../message.ts';

/** Sends a response over HTTP/1.1. Rejects if the browser or the origin ended it early. */
export async function respondHttp1(reply: ServerResponse, response: LaneResponse): Promise<void> {
  reply.writeHead(response.status, response.headers);
  await sendBody(reply, response, reply.req.method === 'HEAD');
}

/** Sends a response over HTTP/2. Rejects if the browser or the origin ended it early. */
export async function respondHttp2(
  stream: ServerHttp2Stream,
  response: LaneResponse,
  isHead: boolean,
): Promise<void> {
  const { status, headers } = response;
  if (!stream.destroyed) {
    stream.respond({ ...singleValued(headers), ':status': status }, { endStream: isHead });
  }
  await sendBody(stream, response, isHead);
}

async function sendBody(target: Writable, response: LaneResponse, isHead: boolean): Promise<void> {
  const { body, onSent } = response;
  let bytes = 0;
  try {
    if (isHead || target.destroyed) {
      if (body instanceof Readable) body.destroy();
      if (!target.writableEnded) target.end();
    } else if (body instanceof Readable) {
      await pump(body, target, (count) => {
        bytes += count;
      });
    } else {
      bytes = body.byteLength;
      target.end(body);
    }
  } finally {
    onSent?.(bytes);
  }
}

/** Sends a body at the pace of its receiver. Ends the body if the receiver leaves. */
async function pump(body: Readable, target: Writable, onBytes: (count: number) => void): Promise<void> {
  const stop = () => body.destroy();
  target.once('close', stop);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      onBytes(chunk.length);
      if (target.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        const proceed = () => {
          target.off('drain', proceed).off('close', proceed);
          resolve();
        };
        target.on('drain', proceed).on('close', proceed);
      });
    }
    target.end();
  } finally {
    target.off('close', stop);
  }
}

/** Node.js refuses to repeat a field over HTTP/2 that should occur once, but origins do. */
function singleValued(headers: HeaderFields): HeaderFields {
  const fields: HeaderFields = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    fields[name] = Array.isArray(value) && name !== 'set-cookie' ? value.join(', ') : value;
  }
  return fields;
}

/** The page for a request that the gateway refuses or cannot complete. */
export function errorResponse(error: GatewayError, acceptsHtml: boolean): LaneResponse {
  const { status, code, message } = error;
  const html = `<!doctype html><meta charset="utf-8"><title>${code}</title><h1>${status} ${code}</h1><p>${escapeHtml(message)}</p>`;
  const body = Buffer.from(acceptsHtml ? html : `${code}: ${message}\n`);
  return {
    status,
    headers: {
      'content-type': `text/${acceptsHtml ? 'html' : 'plain'}; charset=utf-8`,
      'content-length': String(body.length),
      'cache-control': 'no-store',
      'proxy-status': `roundhouse; error=${code}`,
    },
    body,
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
