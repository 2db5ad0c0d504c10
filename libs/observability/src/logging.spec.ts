import { expect, it } from 'vitest';
import { correlationIdOf, runWithCorrelationId } from './correlation.js';
import { createLogger } from './logging.module.js';

function capture() {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const logger = createLogger({ service: 's', instanceId: 'i', level: 'info' }, { write });
  return {
    logger,
    last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>,
    raw: () => lines.join(''),
  };
}

it.each([
  'token',
  'password',
  'authToken',
  'passWord',
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'body',
  'text',
])('redacts %s at every depth, in children and in errors', (field) => {
  const { logger, raw } = capture();
  const secret = { [field]: 'hunter2' };
  logger.info(secret, 'event');
  logger.info({ a: { b: [{ c: secret }] } }, 'event');
  logger.child(secret).info('event');
  logger.child({ request: secret }).info('event');
  logger.error({ err: Object.assign(new Error('failed'), secret, { config: secret }) }, 'event');
  logger.error(Object.assign(new Error('failed'), secret));
  expect(raw()).not.toContain('hunter2');
  expect(raw()).toContain('[redacted]');
});

it('redacts a field called msg and keeps the message', () => {
  const { logger, last, raw } = capture();
  logger.info({ msg: 'hunter2', frame: { msg: 'hunter2' }, roomId: 1 }, 'accepted');
  expect(last()).toMatchObject({ msg: 'accepted', roomId: 1, service: 's', instanceId: 'i', level: 30 });
  expect(raw()).not.toContain('hunter2');
});

// TypeORM's errors carry the statement's parameters and the driver's error with the row, ioredis's the command.
it('leaves out what libraries hang on their errors', () => {
  const { logger, last, raw } = capture();
  const data = ['hush'];
  const error = Object.assign(new Error('failed'), {
    code: '23514',
    parameters: data,
    driverError: Object.assign(new Error('driver'), { detail: 'hush' }),
    detail: 'Failing row contains (hush)',
    command: { name: 'evalsha', args: data },
  });
  logger.error({ err: error }, 'event');
  expect(raw()).not.toContain('hush');
  expect(last()).toMatchObject({ err: { message: 'failed', code: '23514' } });
});

it('survives a cycle and leaves errors readable', () => {
  const { logger, last } = capture();
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  logger.info({ cycle }, 'event');
  expect(last()['msg']).toBe('event');
  logger.error({ err: new Error('failed') }, 'event');
  expect(last()['err']).toMatchObject({
    type: 'Error',
    message: 'failed',
    stack: expect.any(String) as string,
  });
});

it('adds the correlation id inside a request only', () => {
  const { logger, last } = capture();
  runWithCorrelationId('request-0001', () => logger.info('inside'));
  expect(last()).toMatchObject({ correlationId: 'request-0001' });
  logger.info('outside');
  expect(last()).not.toHaveProperty('correlationId');
});

it.each([undefined, 'short', 'x'.repeat(65), 'with space', 'new\nline-here', ['array-of-ids'], 12345678])(
  'replaces the ill-formed request id %j',
  (header) => expect(correlationIdOf(header)).toMatch(/^[0-9a-f-]{36}$/),
);

it('keeps a well-formed request id', () => {
  expect(correlationIdOf('12345678')).toBe('12345678');
  expect(correlationIdOf('x'.repeat(64))).toBe('x'.repeat(64));
});
