import { expect, it } from 'vitest';
import { OriginGate } from './origin-gate.js';

function setUp(origins: readonly string[]) {
  const lines: object[] = [];
  const gate = new OriginGate(origins, (message, key, fields) => lines.push({ message, key, ...fields }));
  return { gate, lines };
}

it('writes down who is refused, by origin, and the setting that decides it', () => {
  const { gate, lines } = setUp(['https://chat.example']);
  expect(gate.allows('https://chat.example')).toBe(true);
  expect(gate.allows('https://other.example')).toBe(false);
  expect(lines).toEqual([
    {
      message: 'origin refused',
      key: 'https://other.example',
      origin: 'https://other.example',
      setting: 'PARLEY_ORIGINS',
    },
  ]);
});

it('cuts what a stranger writes into the log', () => {
  const { gate, lines } = setUp([]);
  gate.allows('x'.repeat(10_000));
  expect(lines).toMatchObject([{ key: 'x'.repeat(200), origin: 'x'.repeat(200) }]);
});

// The API's own docs page is no stranger: the browser asks nobody's leave for it.
it('is silent about a page of the very host that is called', () => {
  const { gate, lines } = setUp([]);
  expect(gate.allows('https://api.example', 'API.example')).toBe(false);
  expect(gate.allows('http://api.example:7070', 'api.example:7070')).toBe(false);
  expect(lines).toEqual([]);
  gate.allows('http://api.example:8080', 'api.example:7070');
  expect(lines).toHaveLength(1);
});

it('says at the start who is kept out by the settings alone', () => {
  const warnings: unknown[] = [];
  const warn = (fields: object, message: string) => void warnings.push({ ...fields, message });
  const logger = { warn } as unknown as Parameters<OriginGate['warnAtStart']>[0];
  setUp(['lan']).gate.warnAtStart(logger, '0.0.0.0');
  setUp(['loopback']).gate.warnAtStart(logger, '127.0.0.1');
  expect(warnings).toEqual([]);
  setUp([]).gate.warnAtStart(logger, '127.0.0.1');
  setUp(['loopback']).gate.warnAtStart(logger, '0.0.0.0');
  expect(warnings).toMatchObject([
    { message: 'people are kept out', setting: 'PARLEY_ORIGINS', host: '127.0.0.1' },
    { message: 'people are kept out', setting: 'PARLEY_ORIGINS', host: '0.0.0.0' },
  ]);
});
