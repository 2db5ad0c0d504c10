import { describe, expect, it } from 'vitest';
import { formatLogRecord, parseLogLine } from '../lib/log-format.mjs';

const time = new Date(2026, 10, 23, 8, 1, 39).getTime();

describe('parseLogLine', () => {
  it('takes pino lines and leaves everything else alone', () => {
    expect(parseLogLine('{"level":30,"msg":"ready"}')).toMatchObject({ level: 30, msg: 'ready' });
    for (const line of ['', 'plain', '{"a":1}', '{broken', '[30]', 'null', '{"level":"info"}']) {
      expect(parseLogLine(line)).toBeUndefined();
    }
  });
});

describe('formatLogRecord', () => {
  it('prints time, app, level, message and the fields that say something', () => {
    const record = {
      level: 30,
      time,
      pid: 1,
      hostname: 'h',
      service: 'logic',
      msg: 'room created',
      roomId: 1,
      by: 'demo',
    };
    expect(formatLogRecord(record, { app: 'logic', appWidth: 8 })).toBe(
      '08:01:39 logic    INFO  room created roomId=1 by=demo',
    );
  });

  it('quotes values that would blur into the next field, and shows objects as JSON', () => {
    const record = { level: 40, time, msg: 'm', a: 'two words', b: '', c: { x: [1] }, d: null };
    expect(formatLogRecord(record, { app: 'web' })).toBe(
      '08:01:39 web WARN  m a="two words" b="" c={"x":[1]} d=null',
    );
  });

  it('puts the stack of an error on the following lines', () => {
    const record = {
      level: 50,
      time,
      msg: 'failed',
      err: { type: 'Error', message: 'no', stack: 'Error: no\n    at f' },
    };
    expect(formatLogRecord(record, { app: 'web' }).split('\n')).toEqual([
      '08:01:39 web ERROR failed',
      '         Error: no',
      '             at f',
    ]);
  });

  it('does not let a message or a value move the cursor', () => {
    const text = formatLogRecord({ level: 30, time, msg: 'a\x1b[2Jb\nc', x: '\x1b[31m' }, { app: 'web' });
    expect(text).not.toMatch(/[\x1b\n]/);
  });

  it('cuts endless values and survives odd times and levels', () => {
    expect(
      formatLogRecord({ level: 35, time: 'x', msg: 'm', a: 'y'.repeat(5000) }, { app: 'web' }).length,
    ).toBeLessThan(400);
  });
});
