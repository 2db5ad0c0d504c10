import { tracer, type TraceSpan } from '@parley/observability';
import { Op, type ClientFrame } from '@parley/protocol';
import type { Connection } from '../connections/connection.js';

const names = new Map<number, string>(Object.entries(Op).map(([name, op]) => [op, name]));

/** A trace of a frame whose turn it is; signs of life are none of anybody's. */
export function frameSpan(
  { transport }: Pick<Connection, 'transport'>,
  { op }: ClientFrame,
): TraceSpan | undefined {
  const spans = tracer();
  if (!spans || op === Op.ping || op === Op.pong) return undefined;
  return spans.root(`frame ${names.get(op) ?? op}`, 'server', { 'parley.transport': transport });
}
