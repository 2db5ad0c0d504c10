import { expect, it } from 'vitest';
import { Outbox, splitPackets } from './envelope.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const KIB = 1024;

function setUp(receivers = 1) {
  const published: [string, string[]][] = [];
  const outbox = new Outbox<string>((channel, text) => {
    published.push([channel, splitPackets(text)]);
    return Promise.resolve(receivers);
  });
  return { outbox, published };
}

it('sends one PUBLISH per channel and turn', async () => {
  const { outbox, published } = setUp();
  for (const packet of ['1', '2']) outbox.send('a', packet);
  outbox.send('b', '3');
  await turn();
  outbox.send('a', '4');
  await turn();
  expect(published).toEqual([
    ['a', ['1', '2']],
    ['b', ['3']],
    ['a', ['4']],
  ]);
});

// Everything of a turn went into one PUBLISH: a burst came near what Redis lets wait for a subscriber.
it('sends a mebibyte at once and no more, in order', async () => {
  const { outbox, published } = setUp();
  // With its separator each takes 256 KiB; the last has two bytes a character.
  for (const name of ['1', '2', '3', '4']) outbox.send('a', name.repeat(256 * KIB - 1));
  outbox.send('a', 'ж'.repeat(512 * KIB));
  outbox.send('a', '6');
  await turn();
  expect(published.map(([, packets]) => packets.map((packet) => packet[0]))).toEqual([
    ['1', '2', '3', '4'],
    ['ж'],
    ['6'],
  ]);
});

it('says of each packet that nobody listened', async () => {
  const { outbox } = setUp(0);
  const undelivered: string[] = [];
  for (const name of ['1', '2']) outbox.send('a', name.repeat(700 * KIB), () => undelivered.push(name));
  await turn();
  await turn();
  expect(undelivered).toEqual(['1', '2']);
});

it('says of each packet of a channel alone that nobody listened, and of none that somebody did', async () => {
  const undelivered: string[] = [];
  const outbox = new Outbox((channel) => Promise.resolve(channel === 'nobody' ? 0 : 2));
  for (const channel of ['nobody', 'somebody'])
    for (const n of [1, 2])
      outbox.send(channel, 'x', (error) => undelivered.push(`${channel} ${n} ${String(error)}`));
  outbox.send('nobody', 'x');
  await turn();
  expect(undelivered).toEqual(['nobody 1 undefined', 'nobody 2 undefined']);
});

it('says why Redis refused, and goes on', async () => {
  const refusals: unknown[] = [new Error('OOM'), 'a text'];
  const outbox = new Outbox(() => Promise.reject(refusals.shift()));
  const errors: (Error | undefined)[] = [];
  for (let n = 0; n < 2; n++) {
    outbox.send('a', 'x', (error) => errors.push(error));
    await turn();
  }
  expect(errors).toEqual([new Error('OOM'), new Error('a text')]);
});
