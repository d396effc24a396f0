import { roundhouseImage } from '../../support/docker/roundhouse-image.ts';
import { describeComposeServices } from './compose-suite.ts';

describeComposeServices('the services in docker-compose.yml', async ({ socket }) => [
  await roundhouseImage(socket),
]);
