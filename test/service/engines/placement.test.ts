import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EngineVpn,
  type Placed,
  placeEngine,
  placementsFor,
} from '../../../src/service/engines/placement.ts';

const ONE: EngineVpn = {
  container: 'one',
  connected: true,
  forwardedPort: 6001,
  ports: { first: 100, last: 149 },
};
const TWO: EngineVpn = {
  container: 'two',
  connected: true,
  forwardedPort: null,
  ports: { first: 150, last: 199 },
};

function engines(...vpns: (string | null)[]): Placed[] {
  return vpns.map((vpnContainer) => ({ vpnContainer, forwardedPort: null }));
}

describe('a new engine', () => {
  test('goes to the VPN with the fewest engines; of equals, to the first', () => {
    const chosen = (...there: (string | null)[]) => placeEngine([ONE, TWO], engines(...there))?.vpnContainer;
    expect(chosen()).toBe('one');
    expect(chosen('one')).toBe('two');
    expect(chosen('one', 'two')).toBe('one');
    expect(chosen('two', 'two', 'one', null, null, 'gone')).toBe('one');
  });

  test('goes to none that is not connected', () => {
    const down = { ...TWO, connected: false };
    expect(placeEngine([ONE, down], engines('one', 'one'))?.vpnContainer).toBe('one');
    expect(placeEngine([{ ...ONE, connected: false }, down], [])).toBeNull();
  });

  test('gets ports that its VPN publishes', () => {
    expect(placeEngine([ONE, TWO], engines('one'))?.ports).toEqual({ first: 150, last: 199 });
  });

  test('goes where its wish can be granted, or nowhere', () => {
    expect(placeEngine([ONE, TWO], [], { hostPort: 150 })?.vpnContainer).toBe('two');
    expect(placeEngine([ONE, TWO], engines('one'), { hostPort: 149 })?.vpnContainer).toBe('one');
    expect(placeEngine([ONE, TWO], engines('two'), { vpn: 'two' })?.vpnContainer).toBe('two');
    expect(placeEngine([ONE, { ...TWO, connected: false }], [], { vpn: 'two' })).toBeNull();
    expect(placeEngine([ONE, { ...TWO, connected: false }], [], { hostPort: 150 })).toBeNull();
  });
});

describe('the forwarded port', () => {
  test.each<[string, Placed[], number | null]>([
    ['nobody has it', engines('one'), 6001],
    ['one there or on its way has it', [{ vpnContainer: 'one', forwardedPort: 6001 }], null],
    ['somebody has a former one', [{ vpnContainer: 'one', forwardedPort: 5000 }], 6001],
    ['it is taken at another VPN only', [{ vpnContainer: 'two', forwardedPort: 6001 }], 6001],
  ])('is given to a new engine if nobody has it: %s', (_, there, port) => {
    expect(placeEngine([ONE], there)?.forwardedPort).toBe(port);
  });

  test('is none where the VPN has none', () => {
    expect(placeEngine([TWO], [])).toEqual({
      vpnContainer: 'two',
      forwardedPort: null,
      ports: { first: 150, last: 199 },
    });
  });
});

test('choices one after another never differ by more than one engine, and give each port once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.boolean(), (count, bothForward) => {
      const vpns = [ONE, { ...TWO, forwardedPort: bothForward ? 6002 : null }];
      const there: Placed[] = [];
      for (let index = 0; index < count; index += 1) there.push(placeEngine(vpns, there)!);
      const own = (name: string) => there.filter(({ vpnContainer }) => vpnContainer === name);
      expect(Math.abs(own('one').length - own('two').length)).toBeLessThanOrEqual(1);
      const ports = there.flatMap(({ forwardedPort }) => forwardedPort ?? []);
      expect(ports.sort()).toEqual(bothForward && count > 1 ? [6001, 6002] : [6001]);
    }),
  );
});

test('each VPN of a status gets its own part of the ports', () => {
  const vpns = [
    { container: 'one', connected: true, forwardedPort: 6001 },
    { container: 'two', connected: true, forwardedPort: null },
  ];
  const range = { first: 100, last: 199 };
  expect(placementsFor(vpns, range, true)).toEqual([ONE, TWO]);
  expect(placementsFor(vpns, range, false)).toEqual([{ ...ONE, forwardedPort: null }, TWO]);
  expect(placementsFor(vpns.slice(0, 1), range, true)).toEqual([{ ...ONE, ports: range }]);
});
