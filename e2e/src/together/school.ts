import { describe, expect, it } from 'vitest';
import { lesson, type Phase } from '../school/lesson.js';
import type { Stack } from '../stack.js';

const PEOPLE = 300;
/** As long as a page waits for a log-in. */
const PATIENCE_MS = 60_000;

/** A school behind one address, under the limits that everybody has. */
export const school = (running: () => Stack) =>
  describe('a school behind one address', () => {
    it(`${PEOPLE} people load, register, log in, join and talk at once, and none sees an error`, async () => {
      const phases: Phase[] = [];
      await lesson(running(), PEOPLE, (phase) => phases.push(phase));
      expect(phases.map(({ what, errors }) => `${what}: ${JSON.stringify([...errors])}`)).toEqual(
        phases.map(({ what }) => `${what}: []`),
      );
      expect(phases).toHaveLength(6);
      for (const { what, waitsMs } of phases) expect(waitsMs.at(-1), what).toBeLessThan(PATIENCE_MS);
    }, 300_000);
  });
