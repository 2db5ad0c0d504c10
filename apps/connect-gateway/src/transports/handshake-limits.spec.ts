import { describe, expect, it } from 'vitest';
import { handshakeLimits } from './handshake-limits.js';

const config = { maxConnections: 10, connectionsPerAddress: 3 };
const limitsWith = (size: number, strangers: number) =>
  handshakeLimits(config, { size, strangersFrom: () => strangers }, ['10.0.0.0/8']);
const mayBegin = (size: number, strangers: number, ofCaller: number, all: number, address = '192.0.2.1') => {
  const limits = limitsWith(size, strangers);
  return limits.mayBegin({ ofCaller, all }, limits.callerOf(address));
};

describe('a TLS handshake', () => {
  it('counts with the connections of its address that have not logged in', () => {
    expect(mayBegin(2, 1, 1, 1)).toBe(true);
    expect(mayBegin(2, 1, 2, 2)).toBe(false);
    expect(mayBegin(3, 3, 0, 0)).toBe(false);
  });

  it('counts with all connections', () => {
    expect(mayBegin(5, 0, 0, 4)).toBe(true);
    expect(mayBegin(5, 0, 0, 5)).toBe(false);
    expect(mayBegin(10, 0, 0, 0)).toBe(false);
  });

  it('of a trusted proxy is nobody in particular: its callers are told apart when they have spoken', () => {
    expect(mayBegin(0, 3, 9, 9, '10.1.2.3')).toBe(true);
    expect(mayBegin(0, 3, 10, 10, '10.1.2.3')).toBe(false);
  });

  it('is of whoever its address is of', () => {
    const { callerOf } = limitsWith(0, 0);
    expect(callerOf('2001:db8::1')).toBe(callerOf('2001:db8::2'));
    expect(callerOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(callerOf(undefined)).toBe(callerOf('nonsense'));
  });
});
