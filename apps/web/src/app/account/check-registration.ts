import { codePointLength, limits } from '@parley/protocol';
import type { Texts } from '../i18n/en.js';

/** What a visitor typed. */
export interface Registration {
  readonly name: string;
  readonly password: string;
  readonly repeated: string;
}

/**
 * The first problem that the server would find, and the one that it cannot, in words.
 *
 * @returns Undefined when there is none.
 */
export function registrationProblem(typed: Registration, t: Texts['register']): string | undefined {
  if (typed.name.trim() === '') return t.nameMissing;
  if (codePointLength(typed.name.trim()) > limits.maxNameCodePoints)
    return t.nameTooLong(limits.maxNameCodePoints);
  if (codePointLength(typed.password) < limits.minPasswordCodePoints) {
    return t.passwordTooShort(limits.minPasswordCodePoints);
  }
  if (new TextEncoder().encode(typed.password).length > limits.maxPasswordBytes) return t.passwordTooLong;
  if (typed.password !== typed.repeated) return t.passwordsDiffer;
  return undefined;
}
