/**
 * What counting and tracing cost where messages pass, beside what the least of a message costs: `node tools/run.mjs tools/seeing-cost.ts`.
 * In one process, without sockets and Redis, so that the share that is printed is far above the true one.
 */
import { sendSchema } from '@parley/contracts';
import {
  currentTraceparent,
  MetricsRegistry,
  runInSpan,
  setTracer,
  tracer,
  type TraceSpan,
} from '@parley/observability';
import { parseClientFrame } from '@parley/protocol';

const ROUNDS = 7;
const TIMES = 40_000;

/** Nanoseconds of processor time of one run, the median of some rounds: others may be busy on this machine. */
function nanosecondsOf(work: () => void): number {
  const rounds: number[] = [];
  for (let i = 0; i < TIMES; i++) work();
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < TIMES; i++) work();
    const { user, system } = process.cpuUsage(before);
    rounds.push(((user + system) * 1e3) / TIMES);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}

const registry = new MetricsRegistry();
const durations = registry.durations({ name: 'a_seconds', help: 'A.', labels: ['way'] }).of('in');
const tally = registry.tally({ name: 'a_total', help: 'A.', labels: ['code'] }).of('OK');
const labelled = registry.counter({ name: 'b_total', help: 'B.', labelNames: ['code'] });
const frame = JSON.stringify({
  op: 3,
  roomId: 7,
  msg: 'Hello, everybody in this room',
  clientMsgId: 'a-client-msg-id',
});
const send = {
  from: { userId: 3, userName: 'demo' },
  roomId: 7,
  text: 'Hello, everybody',
  clientMsgId: 'an-id',
};
let kept: unknown;

/** The least that a message goes through: read as a frame, checked as a send, written as JSON. */
const message = () => {
  kept = parseClientFrame(frame, () => 0);
  kept = JSON.stringify(sendSchema.parse(send));
};
/** What it is counted by from the edge to the members: five stages, their clocks, and some counters. */
const counting = () => {
  for (let stage = 0; stage < 5; stage++) durations.observe((performance.now() - 1) / 1_000);
  for (let count = 0; count < 4; count++) tally.add();
};
/** What asks whether it is traced: frame, call, send, acceptance, delivery. */
const asking = () => {
  kept = tracer() ?? tracer() ?? tracer() ?? currentTraceparent() ?? currentTraceparent();
};

const least = nanosecondsOf(message);
const rows: [string, number][] = [
  ['the least of a message', least],
  ['metrics of a message', nanosecondsOf(counting)],
  ['one count with a look-up, as before', nanosecondsOf(() => labelled.inc({ code: 'OK' }))],
  ['tracing off', nanosecondsOf(asking)],
];
const span: TraceSpan = { traceparent: '', isOver: false, end: () => undefined };
setTracer({ root: () => undefined, child: () => undefined });
rows.push(['tracing on, this one not traced', nanosecondsOf(asking)]);
rows.push(['… within a span', runInSpan(span, () => nanosecondsOf(asking))]);
for (const [what, nanoseconds] of rows)
  process.stdout.write(
    `${what.padEnd(40)} ${nanoseconds.toFixed(1).padStart(9)} ns ${(nanoseconds / least).toFixed(4).padStart(8)}\n`,
  );
if (kept === null) process.exitCode = 1;
