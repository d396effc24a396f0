import { describe, expect, it } from 'vitest';
import { substitutePorts, splitCommand } from '../../../src/service/engines/command.ts';

describe('splitCommand', () => {
  it.each([
    ['engine', ['engine']],
    ['  engine  --http-port\t6878 ', ['engine', '--http-port', '6878']],
    ['"/opt/my engine/run" --x', ['/opt/my engine/run', '--x']],
    [`sh -c 'exec "$0" "a b"'`, ['sh', '-c', 'exec "$0" "a b"']],
    [`a --name="x y"'z'`, ['a', '--name=x yz']],
    [`a "" ''`, ['a', '', '']],
    ['a \\"b c" d', ['a', '\\b c', 'd']],
  ])('splits %j', (text, words) => {
    expect(splitCommand(text)).toEqual(words);
  });

  it.each(['', '   ', '""', '"" a'])('refuses %j, which names no program', (text) => {
    expect(() => splitCommand(text)).toThrow('names no program');
  });

  it.each(['a "b', `a 'b"`, 'a"'])('refuses %j, whose quote is not closed', (text) => {
    expect(() => splitCommand(text)).toThrow('not closed');
  });
});

describe('substitutePorts', () => {
  it('fills both ports in wherever they stand, and leaves other braces alone', () => {
    const command = splitCommand('run-{http_port} --ports={http_port},{https_port} {http_port} {other}');
    const ports = { hostHttp: 1, containerHttp: 19_001, containerHttps: 19_002 };
    expect(substitutePorts(command, ports)).toEqual(['run-19001', '--ports=19001,19002', '19001', '{other}']);
  });

  it('fills in the port for peers: the one that is meant, else the usual one', () => {
    const ports = { hostHttp: 1, containerHttp: 2, containerHttps: 3 };
    expect(substitutePorts(['a', '--port={p2p_port}'], ports, 6001)).toEqual(['a', '--port=6001']);
    expect(substitutePorts(['a', '--port={p2p_port}'], ports)).toEqual(['a', '--port=8621']);
  });
});
