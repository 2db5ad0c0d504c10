import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { exitCodeOf, imagesOutcome, timeFor } from '../ci/after-tests.mjs';
import { proveImages } from '../ci/images.mjs';
import { promisedVersions, tryNodes } from '../ci/nodes.mjs';

const ran = (output: string, extra = {}) => ({
  ok: true,
  code: 0,
  timedOut: false,
  output,
  elapsedMs: 1,
  ...extra,
});
const say = () => undefined;

describe('the end of a run in continuous integration', () => {
  it('keeps the exit code of npm test, and adds what was tried and turned out bad', () => {
    const [good, unknown, bad] = (['good', 'unknown', 'bad'] as const).map((verdict) => ({
      verdict,
      line: '',
    }));
    if (!good || !unknown || !bad) throw new Error('three');
    expect(exitCodeOf(0, [good, unknown])).toBe(0);
    expect(exitCodeOf(0, [unknown, bad])).toBe(1);
    for (const outcomes of [[good], [bad], []]) expect(exitCodeOf(7, outcomes)).toBe(7);
  });

  it('begins nothing that would not be done in time', () => {
    const times = { limitSeconds: 1_200, neededSeconds: 240, reserveSeconds: 120 };
    expect(timeFor({ ...times, elapsedSeconds: 840 })).toBe(240);
    expect(timeFor({ ...times, elapsedSeconds: 841 })).toBeUndefined();
  });

  it.each([
    ['…\nTHE IMAGES ARE PROVEN: nothing was lost.\n', 'good', /proven: nothing was lost/],
    ['…\nTHE IMAGES ARE NOT GOOD: see above.\n', 'bad', /NOT GOOD/],
    [
      'THE IMAGES WERE NOT PROVEN: there is no compose.\n',
      'unknown',
      /NOT PROVEN: there is no compose\. .*npm run prove-images$/,
    ],
    ['cannot find module\n', 'unknown', /without a verdict/],
  ])('says of a proof that ended with %j: %s', (output, verdict, line) =>
    expect(imagesOutcome(ran(output))).toEqual({ verdict, line: expect.stringMatching(line) as string }),
  );

  it('a proof that hangs and is ended has proven nothing, and fails nobody', () =>
    expect(imagesOutcome(ran('  1 s  with docker\n', { ok: false, timedOut: true }))).toEqual({
      verdict: 'unknown',
      line: expect.stringContaining('did not end in time') as string,
    }));
});

describe('the proof of the images in continuous integration', () => {
  function machineWith(...programs: string[]): NodeJS.ProcessEnv {
    const folder = mkdtempSync(path.join(tmpdir(), 'parley-ci-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const name of programs) {
      writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 1\n');
      chmodSync(path.join(folder, name), 0o755);
    }
    return { PATH: folder };
  }
  const run = vi.fn(async (_: string, __: string[]) => ran('THE IMAGES ARE PROVEN: nothing was lost.'));
  const prove = (env: NodeJS.ProcessEnv, elapsedSeconds = 300) => {
    run.mockClear();
    return proveImages({ limitSeconds: 1_200, elapsed: () => elapsedSeconds, env, say }, { run });
  };

  it('is run where a builder is, with the time that is left', async () => {
    expect(await prove(machineWith('podman'))).toMatchObject({ verdict: 'good' });
    expect(run.mock.calls[0]?.[1]).toEqual([
      expect.stringMatching(/prove-images\.mjs$/),
      ...['--quick', '--within', '780'],
    ]);
  });

  it.each([
    ['there is no builder', () => prove(machineWith('git')), /neither Docker nor Podman/],
    ['there is no time', () => prove(machineWith('docker'), 1_146), /1146 of 1200 s/],
    ['it is told not to', () => prove({ ...machineWith('docker'), PARLEY_CI_IMAGES: 'skip' }), /is skip/],
  ])('is not run when %s, which is said with the command', async (_, act, why) => {
    const outcome = await act();
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.line).toMatch(why);
    expect(outcome.line).toMatch(/npm run prove-images$/);
    expect(run).not.toHaveBeenCalled();
  });
});

describe('the versions of Node.js that are promised', () => {
  it('are that of the images, and the oldest one that the package names', () => {
    const dockerfile = 'ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim';
    expect(promisedVersions({ dockerfile, engines: '>=20.19' }).map(({ version }) => version)).toEqual([
      '24.21.0',
      '20.19.0',
    ]);
    expect(() => promisedVersions({ dockerfile: '', engines: '>=20.19' })).toThrow(/no version/);
  });

  const options = { limitSeconds: 1_200, elapsed: () => 0, env: {}, say };
  const get = async (version: string) =>
    version.startsWith('24') ? `/nodes/${version}` : { missing: 'npm has none' };

  it('are tried where they can be had, and named where they cannot', async () => {
    const run = vi.fn(async () => ran('ok'));
    const { verdict, line } = await tryNodes(options, { current: 'v22.1.0', run, get });
    expect(line).toMatch(/covered .*v24\.\d+\.\d+ \(in the images: a Parley/);
    expect(line).toMatch(/NOT COVERED v20\.19\.0 \(.*\): npm has none/);
    expect(verdict).toBe('unknown');
  });

  it('fail the run when a suite fails on one', async () => {
    const run = vi.fn(async () => ran('FAIL', { ok: false, code: 1 }));
    expect(await tryNodes(options, { current: 'v22.1.0', run, get })).toMatchObject({
      verdict: 'bad',
      line: expect.stringMatching(/FAILED v24\.\d+\.\d+ \(in the images\): a Parley/) as string,
    });
  });

  it('are left out when the time is over, which is said', async () => {
    const run = vi.fn(async () => ran('ok'));
    const { verdict, line } = await tryNodes(
      { ...options, elapsed: () => 1_180 },
      { current: 'v22.1.0', run, get },
    );
    expect([verdict, line]).toEqual(['unknown', expect.stringMatching(/NOT COVERED v24.*no time left/)]);
    expect(run).not.toHaveBeenCalledWith(
      expect.stringContaining('24.'),
      expect.anything(),
      expect.anything(),
    );
  });
});
