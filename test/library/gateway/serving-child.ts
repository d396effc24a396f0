/** A process with a lane of a gateway on a shared folder, until it is killed. Prints its port. Argument: the folder. */
import { openGateway } from '../../../src/library/gateway/index.ts';

const gateway = await openGateway({ dir: process.argv[2]! });
const lane = await gateway.openLane({
  namespace: 'app',
  allow: ['127.0.0.1'],
  rules: [{ match: '*', force: true }],
});
process.stdout.write(`${lane.port}\n`);
