import type { EngineSpec } from '../../engines/runtime.ts';

/** How an image is told its ports. */
export interface Variant {
  image: string;
  env(ports: EngineSpec['ports']): Record<string, string>;
}

/** Presets by ENGINE_VARIANT. */
export const VARIANTS: Readonly<Record<'krinkuto11-amd64' | 'jopsis-amd64', Variant>> = {
  'krinkuto11-amd64': {
    image: 'ghcr.io/krinkuto11/acestream-http-proxy',
    env: ({ containerHttp, containerHttps }) => ({
      CONF: `--http-port=${containerHttp}\n--https-port=${containerHttps}\n--bind-all`,
      HTTP_PORT: `${containerHttp}`,
      HTTPS_PORT: `${containerHttps}`,
      BIND_ALL: 'true',
    }),
  },
  'jopsis-amd64': {
    image: 'jopsis/acestream:x64',
    env: ({ containerHttp, containerHttps }) => ({
      ACESTREAM_ARGS: `--client-console --bind-all --http-port ${containerHttp} --https-port ${containerHttps}`,
    }),
  },
};
