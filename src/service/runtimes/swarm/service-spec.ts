import type { CreateServiceOptions } from 'dockerode';
import type { EngineSpec } from '../../engines/runtime.ts';
import { DROPPED_CAPABILITIES, engineProgram, MAX_PIDS } from '../docker/create.ts';
import { STOP_GRACE_S } from '../docker/removing.ts';
import type { SwarmEngineOptions } from './options.ts';

const NANO = 1e9;

/**
 * The service that runs one engine. Its port is published in host mode: clients reach it at the address of its node,
 * without the ingress network.
 * @param excludedNodes ids of nodes that must not run it
 */
export function serviceSpec(
  spec: EngineSpec,
  options: SwarmEngineOptions,
  excludedNodes: Iterable<string>,
): CreateServiceOptions {
  const { image, command, env, labels, memoryLimit } = engineProgram(spec, options);
  const { constraints, spread } = options.placement;
  return {
    Name: spec.name,
    // The service is found by its labels, and its container by the agent of its node.
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        ...(command && { Args: command }),
        Env: env,
        Labels: labels,
        StopGracePeriod: STOP_GRACE_S * NANO,
        CapabilityDrop: DROPPED_CAPABILITIES.map((name) => `CAP_${name}`),
      },
      Resources: {
        Limits: {
          Pids: MAX_PIDS,
          ...(memoryLimit === null ? {} : { MemoryBytes: memoryLimit }),
          ...(options.cpuLimit === null ? {} : { NanoCPUs: Math.round(options.cpuLimit * NANO) }),
        },
        Reservations: {
          ...(options.memoryReservation === null ? {} : { MemoryBytes: options.memoryReservation }),
          ...(options.cpuReservation === null ? {} : { NanoCPUs: Math.round(options.cpuReservation * NANO) }),
        },
      },
      // Engines are replaced by the rules of Roundhouse, which take streams and limits into account.
      RestartPolicy: { Condition: 'none' },
      Placement: {
        Constraints: [...constraints, ...Array.from(excludedNodes, (id) => `node.id!=${id}`)],
        Preferences: spread.map((label) => ({ Spread: { SpreadDescriptor: label } })),
      },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: {
      Ports: [
        {
          Protocol: 'tcp',
          TargetPort: spec.ports.containerHttp,
          PublishedPort: spec.ports.hostHttp,
          PublishMode: 'host',
        },
      ],
    },
  } as CreateServiceOptions;
}
