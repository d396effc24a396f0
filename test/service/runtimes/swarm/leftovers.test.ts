import { expect, test } from 'vitest';
import { Leftovers } from '../../../../src/service/runtimes/swarm/leftovers.ts';
import type { ServiceInfo, TaskInfo } from '../../../../src/service/runtimes/swarm/replies.ts';
import { isAlive, latestTasks } from '../../../../src/service/runtimes/swarm/service-engine.ts';
import recorded from './recorded/docker-20.10.json' with { type: 'json' };

const NO_INSTANCE = 'none';
const service = (ID: string, instance: string): ServiceInfo =>
  ({
    ...recorded.service,
    ID,
    Spec: {
      ...recorded.service.Spec,
      Labels: instance === NO_INSTANCE ? {} : { 'roundhouse.instance': instance },
    },
  }) as ServiceInfo;
const task = (ServiceID: string, state: 'running' | 'rejected' | 'pending'): TaskInfo =>
  ({ ...recorded[state], ServiceID }) as TaskInfo;

function find(leftovers: Leftovers, services: ServiceInfo[], tasks: TaskInfo[], now: number): string[] {
  return leftovers.find(
    services,
    latestTasks(tasks),
    (other) => !isAlive(other),
    () => false,
    now,
  );
}

test('those of this orchestrator are removed when they have ended, and those of others later', () => {
  const leftovers = new Leftovers('me');
  const services = [service('mine', 'me'), service('other', 'another'), service('by-hand', NO_INSTANCE)];
  const tasks = services.map(({ ID }) => task(ID, 'rejected'));
  expect(find(leftovers, services, tasks, 0)).toEqual(['mine']);
  expect(find(leftovers, services, tasks, 9_000)).toEqual(['mine']);
  expect(find(leftovers, services, tasks, 10_000)).toEqual(['mine', 'other']);
});

test('those that got no node are removed soon, and those of others when no start can take that long', () => {
  const leftovers = new Leftovers('me');
  const services = [
    service('pending', 'me'),
    service('without-task', 'me'),
    service('running', 'me'),
    service('other', 'another'),
  ];
  const tasks = [task('pending', 'pending'), task('running', 'running'), task('other', 'pending')];
  expect(find(leftovers, services, tasks, 0)).toEqual([]);
  expect(find(leftovers, services, tasks, 4900)).toEqual([]);
  expect(find(leftovers, services, tasks, 5000)).toEqual(['pending', 'without-task']);
  expect(find(leftovers, services, tasks, 59_000)).toEqual(['pending', 'without-task']);
  expect(find(leftovers, services, tasks, 60_000)).toEqual(['pending', 'without-task', 'other']);
});

test('a service that is being created is left alone', () => {
  const leftovers = new Leftovers('me');
  const tasks = latestTasks([task('a', 'rejected')]);
  expect(
    leftovers.find(
      [service('a', 'me')],
      tasks,
      () => true,
      () => true,
      0,
    ),
  ).toEqual([]);
});
