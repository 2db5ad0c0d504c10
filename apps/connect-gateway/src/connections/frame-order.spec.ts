import { describe, expect, it } from 'vitest';
import { FrameOrder } from './frame-order.js';

/** Jobs that note when they begin, and end when they are let go. */
function setUp() {
  const order = new FrameOrder();
  const begun: string[] = [];
  const job = (name: string) => {
    let end: (fails?: boolean) => void = () => undefined;
    const ended = new Promise<string>((resolve, reject) => {
      end = (fails) => (fails ? reject(new Error(name)) : resolve(name));
    });
    return {
      end: (fails?: boolean) => end(fails),
      run: () => {
        begun.push(name);
        return ended;
      },
    };
  };
  return { order, begun, job };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('frames take effect', () => {
  it('one after another, whatever they are about', async () => {
    const { order, begun, job } = setUp();
    const [a, b, c] = [job('a'), job('b'), job('c')];
    const done = [order.enqueue(1, a.run), order.enqueue(2, b.run), order.enqueue(undefined, c.run)];
    await turn();
    expect(begun).toEqual(['a']);
    a.end();
    await turn();
    expect(begun).toEqual(['a', 'b']);
    b.end();
    c.end();
    expect(await Promise.all(done)).toEqual(['a', 'b', 'c']);
  });

  it('after one that failed, which its sender hears of', async () => {
    const { order, begun, job } = setUp();
    const [a, b] = [job('a'), job('b')];
    const failing = expect(order.enqueue(1, a.run)).rejects.toThrow('a');
    const done = order.enqueue(1, b.run);
    a.end(true);
    await failing;
    b.end();
    expect([await done, begun]).toEqual(['b', ['a', 'b']]);
  });

  it('at once when nothing before is about their room, or may be', () => {
    const { order, begun, job } = setUp();
    void order.enqueue(1, job('joining 1').run);
    void order.run(2, job('to 2').run);
    expect(begun).toEqual(['joining 1', 'to 2']);
    void order.run(1, job('to 1').run);
    void order.run(undefined, job('to any').run);
    void order.run(2, job('to 2 again').run);
    expect(begun).toEqual(['joining 1', 'to 2']);
  });

  it('at once again when what was about their room has ended, all of it', async () => {
    const { order, begun, job } = setUp();
    const [a, b, c] = [job('a'), job('b'), job('c')];
    void order.enqueue(1, a.run);
    void order.enqueue(1, b.run);
    a.end();
    await turn();
    void order.run(1, c.run);
    expect(begun).toEqual(['a', 'b']);
    b.end();
    await turn();
    c.end();
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
    void order.run(1, job('d').run);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    void order.enqueue(undefined, job('e').run);
    expect(begun.at(-1)).toBe('e');
  });

  it('behind those of any room, until these have ended', async () => {
    const { order, begun, job } = setUp();
    const any = job('any');
    void order.enqueue(undefined, any.run);
    void order.run(1, job('to 1').run);
    expect(begun).toEqual(['any']);
    any.end();
    await turn();
    expect(begun).toEqual(['any', 'to 1']);
  });
});
