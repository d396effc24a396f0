import type { RuntimeEngine } from './runtime.ts';

/** Names of the labels by which clients of other AceStream orchestrators, and those orchestrators, recognise engines. */
export const COMPATIBLE_LABELS = {
  hostHttp: 'host.http_port',
  containerHttp: 'acestream.http_port',
  containerHttps: 'acestream.https_port',
  variant: 'acestream.engine_variant',
  vpnContainer: 'acestream.vpn_container',
  forwarded: 'acestream.forwarded',
} as const;

/** These labels of an engine. */
export function compatibleLabels(
  engine: Pick<RuntimeEngine, 'ports' | 'vpnContainer' | 'variant'> & { forwarded: boolean },
): Record<string, string> {
  const { ports, variant, vpnContainer, forwarded } = engine;
  return {
    [COMPATIBLE_LABELS.hostHttp]: `${ports.hostHttp}`,
    [COMPATIBLE_LABELS.containerHttp]: `${ports.containerHttp}`,
    [COMPATIBLE_LABELS.containerHttps]: `${ports.containerHttps}`,
    ...(variant !== null && { [COMPATIBLE_LABELS.variant]: variant }),
    ...(vpnContainer !== null && { [COMPATIBLE_LABELS.vpnContainer]: vpnContainer }),
    ...(forwarded && { [COMPATIBLE_LABELS.forwarded]: 'true' }),
  };
}
