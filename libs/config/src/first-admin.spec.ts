import { describe, expect, it } from 'vitest';

import { findRoot } from './config-files.js';
import { configProblems, loadConfig } from './load-config.js';

const root = findRoot(import.meta.dirname) ?? '';
const goodSecret = 'Vq3nZr8sKx1tYb6wLd0fHj5mPc2gRu7e';

describe('the first admin', () => {
  const problems = (password: string, mode = 'prod', name?: string) =>
    configProblems(['logic'], {
      root,
      env: {
        PARLEY_ENV: mode,
        PARLEY_JWT_SECRET: goodSecret,
        PARLEY_FIRST_ADMIN_PASSWORD: password,
        PARLEY_FIRST_ADMIN_NAME: name,
      },
    }).join();

  it('is called admin, and is none without a password', () => {
    expect(loadConfig('logic', { env: {}, root }).firstAdmin).toEqual({ name: 'admin' });
  });

  it('has a password that can be typed; in prod a long one that is printed nowhere', () => {
    expect(problems('short')).toContain('PARLEY_FIRST_ADMIN_PASSWORD must be');
    expect(problems('eleven char')).toContain(
      'PARLEY_FIRST_ADMIN_PASSWORD must be at least 12 characters in prod',
    );
    expect(problems('change-me-please')).toContain('PARLEY_FIRST_ADMIN_PASSWORD is an example value');
    expect(problems('with\na line', 'dev')).toContain('PARLEY_FIRST_ADMIN_PASSWORD must be a password');
    const env = { PARLEY_FIRST_ADMIN_PASSWORD: 'twelve chars' };
    expect(loadConfig('logic', { env, root }).firstAdmin.password?.reveal()).toBe('twelve chars');
  });

  it('has a name that a user may have', () => {
    expect(problems('twelve chars', 'prod', '\u200b')).toContain('PARLEY_FIRST_ADMIN_NAME must be the name');
  });
});
