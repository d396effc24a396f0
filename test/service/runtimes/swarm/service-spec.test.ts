import { expect, it } from 'vitest';
import { readConfig } from '../../../../src/service/config/config.ts';
import { swarmEngineOptions } from '../../../../src/service/runtimes/swarm/options.ts';
import { serviceSpec } from '../../../../src/service/runtimes/swarm/service-spec.ts';

it('lost nodes are excluded in addition to the constraints of ENGINE_PLACEMENT', () => {
  const config = readConfig({ ENGINE_RUNTIME: 'swarm', ENGINE_PLACEMENT: 'node.labels.engines==true' });
  const engine = {
    name: 'engine-1',
    ports: { hostHttp: 19000, containerHttp: 6878, containerHttps: 6879 },
    labels: {},
    env: {},
  };
  const service = serviceSpec(engine, swarmEngineOptions(config, 'instance'), new Set(['lost1', 'lost2']));
  expect(service).toMatchObject({
    TaskTemplate: {
      Placement: { Constraints: ['node.labels.engines==true', 'node.id!=lost1', 'node.id!=lost2'] },
    },
  });
});
