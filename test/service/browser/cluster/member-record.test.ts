import { expect, test } from 'vitest';
import { type Member, MemberRecords } from '../../../../src/service/browser/cluster/member-record.ts';

const NOW = 1_700_000_000_000;
const MEMBER: Member = { id: 'a', name: 'machine', url: 'http://10.0.0.5:8000', loopbackOf: null, at: NOW };
const records = new MemberRecords('a-key-for-tests');

test('a record that was signed with the same key is decoded', () => {
  expect(new MemberRecords('a-key-for-tests').decode(records.encode(MEMBER), NOW + 1000)).toEqual(MEMBER);
  const without = { ...MEMBER, url: null };
  expect(records.decode(records.encode(without), NOW)).toEqual(without);
});

test.for([
  ['signed with another key', new MemberRecords('another-key').encode(MEMBER)],
  ['changed', records.encode(MEMBER).replace('10.0.0.5', '10.0.0.6')],
  ['not signed', JSON.stringify(MEMBER)],
  ['empty', ''],
  ['not ASCII', 'ü'.repeat(100)],
  ['too old', records.encode({ ...MEMBER, at: NOW - 601_000 })],
  ['from the future', records.encode({ ...MEMBER, at: NOW + 601_000 })],
  ['with a path', records.encode({ ...MEMBER, url: 'http://10.0.0.5:8000/x' })],
  ['with credentials', records.encode({ ...MEMBER, url: 'http://a:b@10.0.0.5:8000' })],
  ['with another protocol', records.encode({ ...MEMBER, url: 'file://x' })],
  ['of another shape', records.encode({ ...MEMBER, id: 1 as never })],
] as const)('a record that is %s is not used', ([, record]) => {
  expect(records.decode(record, NOW)).toBeUndefined();
});
