import { fileURLToPath } from 'node:url';
import { describeComposeServices } from './compose-suite.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

// The sources in the image of the engines, which has Node.js: building the image takes more than a minute.
describeComposeServices(
  'the services in docker-compose.yml, with the sources of Roundhouse',
  async ({ engineImage }) => [
    ...['--volume', `${PROJECT}:/project:ro`, '--tmpfs', '/data:mode=1777', '--user', '10001:10001'],
    ...[engineImage, 'node', '/project/src/main.ts'],
  ],
);
