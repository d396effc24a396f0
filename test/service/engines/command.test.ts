import { describe, expect, it } from 'vitest';
import { splitCommand, substitutePorts } from '../../../src/service/engines/command.ts';

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

  it.each(['', '   ', '""', '"" a'])('rejects %j: no program', (text) => {
    expect(() => splitCommand(text)).toThrow('is empty');
  });

  it.each(['a "b', `a 'b"`, 'a"'])('rejects %j: unclosed quote', (text) => {
    expect(() => splitCommand(text)).toThrow('unclosed');
  });
});

describe('substitutePorts', () => {
  it('replaces both port placeholders everywhere and no other braces', () => {
    const command = splitCommand('run-{http_port} --ports={http_port},{https_port} {http_port} {other}');
    const ports = { hostHttp: 1, containerHttp: 19_001, containerHttps: 19_002 };
    expect(substitutePorts(command, ports)).toEqual(['run-19001', '--ports=19001,19002', '19001', '{other}']);
  });

  it('replaces the port for peers, which defaults to the usual one', () => {
    const ports = { hostHttp: 1, containerHttp: 2, containerHttps: 3 };
    expect(substitutePorts(['a', '--port={p2p_port}'], ports, 6001)).toEqual(['a', '--port=6001']);
    expect(substitutePorts(['a', '--port={p2p_port}'], ports)).toEqual(['a', '--port=8621']);
  });
});
