import { codePointLength, limits } from '@parley/protocol';
import type { Texts } from '../i18n/en.js';

/** What a visitor typed. */
export interface Registration {
  readonly name: string;
  readonly password: string;
  readonly repeated: string;
}

/** What is wrong, in words, and where it is to be mended. */
export interface RegistrationProblem {
  readonly text: string;
  readonly field: keyof Registration;
}

/**
 * The first problem that the server would find, and the one that it cannot.
 *
 * @returns Undefined when there is none.
 */
export function registrationProblem(
  typed: Registration,
  t: Texts['register'],
): RegistrationProblem | undefined {
  if (typed.name.trim() === '') return { text: t.nameMissing, field: 'name' };
  if (codePointLength(typed.name.trim()) > limits.maxNameCodePoints)
    return { text: t.nameTooLong(limits.maxNameCodePoints), field: 'name' };
  if (codePointLength(typed.password) < limits.minPasswordCodePoints)
    return { text: t.passwordTooShort(limits.minPasswordCodePoints), field: 'password' };
  if (new TextEncoder().encode(typed.password).length > limits.maxPasswordBytes)
    return { text: t.passwordTooLong, field: 'password' };
  if (typed.password !== typed.repeated) return { text: t.passwordsDiffer, field: 'repeated' };
  return undefined;
}
