import { describe, expect, it } from 'vitest';
import type { ProcStat } from '../../../../src/service/runtimes/process/proc-text.ts';
import { groupByLeader } from '../../../../src/service/runtimes/process/sampling.ts';

function processes(...list: [pid: number, parentPid: number, groupId: number][]): Map<number, ProcStat> {
  const stat = { isDead: false, cpuNs: 0, startTicks: 1 };
  return new Map(list.map(([pid, parentPid, groupId]) => [pid, { ...stat, pid, parentPid, groupId }]));
}

function group(table: Map<number, ProcStat>, ...leaders: number[]): Record<number, number[]> {
  const groups = groupByLeader(table, new Set(leaders));
  groups.delete(null);
  return Object.fromEntries([...groups].map(([leader, members]) => [leader, members.map(({ pid }) => pid)]));
}

describe('groupByLeader', () => {
  it('finds children, descendants in other groups, and orphans of the group', () => {
    const table = processes(
      [1, 0, 1],
      [10, 1, 10],
      [11, 10, 10],
      [12, 11, 12],
      [13, 12, 12],
      [14, 1, 10],
      [20, 1, 20],
    );
    expect(group(table, 10)).toEqual({ 10: [10, 11, 12, 13, 14] });
  });

  it('separates engines, even if one has started the other', () => {
    const table = processes([10, 1, 10], [20, 10, 20], [21, 20, 20]);
    expect(group(table, 10, 20)).toEqual({ 10: [10], 20: [20, 21] });
  });

  it('omits a leader that has ended, but not the rest of its group', () => {
    expect(group(processes([1, 0, 1], [11, 1, 10]), 10)).toEqual({ 10: [11] });
  });

  it('handles a cycle of parents', () => {
    expect(group(processes([5, 6, 5], [6, 5, 6], [10, 1, 10]), 10)).toEqual({ 10: [10] });
  });
});
