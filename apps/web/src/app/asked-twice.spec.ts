import { ApiError } from '@parley/client';
import { expect, it, vi } from 'vitest';
import { askedTwice } from './asked-twice.js';

it('asks once more when no answer came, and only then', async () => {
  const lost = new ApiError(0, 'NETWORK', true);
  const refused = new ApiError(409, 'NAME_TAKEN', false);
  const ask = vi.fn<() => Promise<number>>().mockRejectedValueOnce(lost).mockResolvedValueOnce(5);
  expect(await askedTwice(ask)).toBe(5);
  ask.mockRejectedValueOnce(refused);
  await expect(askedTwice(ask)).rejects.toBe(refused);
  ask.mockRejectedValue(lost);
  await expect(askedTwice(ask)).rejects.toBe(lost);
  expect(ask).toHaveBeenCalledTimes(5);
});
