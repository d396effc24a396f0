import { describe, expect, it } from 'vitest';
import {
  parseProcIo,
  parseProcStat,
  parseProcStatus,
} from '../../../../src/service/runtimes/process/proc-text.ts';

const stat = (name: string, state = 'S', threads = 11) =>
  `4711 (${name}) ${state} 42 4711 4711 0 -1 4194560 9123 55 1 0 250 31 7 2 20 0 ${threads} 0 129651 1153433600 13001 ` +
  '18446744073709551615 1 1 0 0 0 0 0 4096 17642 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n';

describe('parseProcStat', () => {
  const parsed = {
    pid: 4711,
    isDead: false,
    parentPid: 42,
    groupId: 4711,
    // 250 user + 31 system + 7 and 2 of waited-for children, in hundredths of a second
    cpuNs: 2_900_000_000,
    startTicks: 129_651,
  };

  it.each(['node', 'Web Content', 'a) S 1 2 (3', '(sd-pam)', ') R 1 1', ''])(
    'skips the command name %j',
    (name) => {
      expect(parseProcStat(stat(name))).toEqual(parsed);
    },
  );

  it.each(['Z', 'X'])('reports a process in state %s as dead', (state) => {
    expect(parseProcStat(stat('node', state, 1))).toEqual({ ...parsed, isDead: true });
    // Its other threads have not ended yet.
    expect(parseProcStat(stat('node', state, 2))).toEqual(parsed);
  });

  it.each(['', '4711', '4711 (node)', '4711 (node) S 42 4711', stat('node').replace(' 129651 ', ' x ')])(
    'returns null for %j',
    (text) => {
      expect(parseProcStat(text)).toBeNull();
    },
  );
});

const status = `Name:\tnode
VmPeak:\t 1150032 kB
VmRSS:\t   52004 kB
RssAnon:\t   12004 kB
RssFile:\t   39000 kB
RssShmem:\t    1000 kB
Threads:\t11
`;

describe('parseProcStatus', () => {
  it('adds anonymous and shared memory, without file pages', () => {
    expect(parseProcStatus(status)).toBe((12_004 + 1000) * 1024);
  });

  it('returns null for a process without memory', () => {
    expect(parseProcStatus('Name:\tnode\nState:\tZ (zombie)\nThreads:\t1\n')).toBeNull();
  });
});

describe('parseProcIo', () => {
  it('reads the bytes of storage, not of system calls', () => {
    const text = `rchar: 111
wchar: 222
syscr: 3
syscw: 4
read_bytes: 40960
write_bytes: 8192
cancelled_write_bytes: 4096
`;
    expect(parseProcIo(text)).toEqual({ read: 40_960, written: 8192 });
  });

  it('returns null for anything else', () => {
    expect(parseProcIo('')).toBeNull();
    expect(parseProcIo('read_bytes: 1\n')).toBeNull();
  });
});
