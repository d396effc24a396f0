import type { EngineSpec } from '../../engines/runtime.ts';

/** An engine image and the environment variables that set its ports. */
export interface Variant {
  image: string;
  /** @param p2pPort port for peers; unset leaves it to the engine */
  env(ports: EngineSpec['ports'], p2pPort?: number): Record<string, string>;
}

/** Presets by ENGINE_VARIANT. */
export const VARIANTS: Readonly<Record<'krinkuto11-amd64' | 'jopsis-amd64', Variant>> = {
  'krinkuto11-amd64': {
    image: 'ghcr.io/krinkuto11/acestream-http-proxy',
    env: ({ containerHttp, containerHttps }, p2pPort) => ({
      CONF: `--http-port=${containerHttp}\n--https-port=${containerHttps}\n--bind-all`,
      HTTP_PORT: `${containerHttp}`,
      HTTPS_PORT: `${containerHttps}`,
      BIND_ALL: 'true',
      ...(p2pPort === undefined ? {} : { P2P_PORT: `${p2pPort}` }),
    }),
  },
  'jopsis-amd64': {
    image: 'jopsis/acestream:x64',
    env: ({ containerHttp, containerHttps }, p2pPort) => ({
      ACESTREAM_ARGS: [
        `--client-console --bind-all --http-port ${containerHttp} --https-port ${containerHttps}`,
        ...(p2pPort === undefined ? [] : [`--port ${p2pPort}`]),
      ].join(' '),
    }),
  },
};
