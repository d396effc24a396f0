/** A process with a gateway on a shared folder. Arguments: the folder, a URL, and the number of requests. */
import { openGateway } from '../../../src/library/gateway/index.ts';
import { send } from './support.ts';

const [dir = '', url = '', count = '0'] = process.argv.slice(2);
await using gateway = await openGateway({ dir });
const lanes = await Promise.all(
  Array.from({ length: 5 }, () =>
    gateway.openLane({
      namespace: 'app',
      allow: ['127.0.0.1'],
      rules: [{ match: '*', force: true, ttlS: 3600 }],
    }),
  ),
);
const replies = await Promise.all(
  Array.from({ length: Number(count) }, (_, i) => send(lanes[i % lanes.length]!, url)),
);
process.stdout.write(JSON.stringify([...new Set(replies.map(({ text }) => text))]));
