import { expect, it } from 'vitest';
import { refuseWrongConfig } from '../lib/check-config.mjs';

const env = (more: NodeJS.ProcessEnv = {}) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_'))),
  ...more,
});

it('a wrong configuration is refused in one sentence for each problem, for all apps together', async () => {
  await expect(refuseWrongConfig(env({ PARLEY_HOSTT: '0.0.0.0', PARLEY_LOG_LEVEL: 'loud' }))).rejects.toThrow(
    /^The configuration is wrong:\n {2}- PARLEY_HOSTT is not a known variable, did you mean PARLEY_HOST\?\n {2}- PARLEY_LOG_LEVEL must be one of [^\n]*$/,
  );
});

it('a right one is not', async () => {
  await expect(refuseWrongConfig(env())).resolves.toBeUndefined();
});
