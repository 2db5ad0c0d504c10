import { describe, expect, it } from 'vitest';
import { auditProblems, readAudit } from '../lib/audit.mjs';

const advisory = (id: string, name: string) => ({
  source: 1,
  name,
  title: `${name} is broken`,
  url: `https://github.com/advisories/${id}`,
  severity: 'high',
});

describe('known vulnerabilities', () => {
  it('are read from npm audit, each once, those of the packages that are concerned by others with them', () => {
    const via = advisory('GHSA-aaaa-bbbb-cccc', 'inner');
    const output = JSON.stringify({
      auditReportVersion: 2,
      vulnerabilities: { inner: { via: [via, via] }, outer: { via: ['inner'] } },
    });
    expect(readAudit(output)).toEqual({
      advisories: [{ id: 'GHSA-aaaa-bbbb-cccc', name: 'inner', severity: 'high', title: 'inner is broken' }],
    });
    expect(readAudit('{"vulnerabilities":{}}')).toEqual({ advisories: [] });
  });

  it.each([
    ['{"message":"405 Method Not Allowed - POST …","statusCode":405}', '405 Method Not Allowed - POST …'],
    ['{"error":{"code":"ENOTFOUND","summary":"request failed"}}', 'request failed'],
    ['npm error something', 'npm error something'],
    ['', 'npm audit said nothing'],
  ])('are not known when npm says %j, which is not the same as none', (output, unanswered) =>
    expect(readAudit(output)).toEqual({ unanswered }),
  );

  it('are a problem until they are answered, and so are answers to nothing', () => {
    const found = [{ id: 'GHSA-1', name: 'a', severity: 'low', title: 'x' }];
    expect(auditProblems(found, {})).toEqual(['a: x (low, GHSA-1)']);
    expect(auditProblems(found, { 'GHSA-1': 'never called' })).toEqual([]);
    expect(auditProblems([], { 'GHSA-1': 'never called' })).toEqual([
      expect.stringContaining('GHSA-1 is answered'),
    ]);
  });
});
