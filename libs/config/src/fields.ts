import { passwordField } from '@parley/protocol';
import { z } from 'zod';

import type { Environment } from './app-name.js';
import { parseNetwork } from './networks.js';
import { originWords } from './origins.js';
import { Secret } from './secret.js';
import { readAuthorities } from './tls/authorities.js';
import { TlsFileError } from './tls/tls-file-error.js';

/** Messages name what is expected and never what was found: they end up in logs. */
export const expected = (what: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : `must be ${what}`),
});

/** Fewest bytes of a signing secret in prod: the output size of the HMAC (RFC 7518, section 3.2). */
export const minSecretBytes = 32;

/** Fewest characters of a token that opens something. */
export const minTokenChars = 16;

/** Fewest characters of a password that opens an admin's account in prod. */
export const minPasswordChars = 12;

/** What an example value looks like. The secret in config/dev.yaml must match. */
const exampleSecret = /dev-secret|not-for-production|change-?me|example|your-secret|placeholder/i;

export const text = z.string(expected('text')).min(1, 'must not be empty');
export const flag = z.boolean(expected('true or false'));
/** 0 asks the system for a free port. */
export const port = z
  .int(expected('a port number'))
  .min(0, 'must be at least 0')
  .max(65_535, 'must be at most 65535');
export const positive = z.int(expected('a whole number')).min(1, 'must be at least 1');
export const nonNegative = z.int(expected('a whole number')).min(0, 'must be at least 0');
export const milliseconds = z.int(expected('whole milliseconds')).min(1, 'must be at least 1');
export const nonNegativeMs = z.int(expected('whole milliseconds')).min(0, 'must be at least 0');
export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, expected(`one of ${values.join(', ')}`));

/** Schemes of applications that show their pages in a web view: Capacitor, Ionic, Tauri, Electron, extensions. */
const appOrigin =
  /^(?!https?:|wss?:|ftp:|file:|data:|blob:|javascript:|about:)[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(:\d{1,5})?$/;
/** No browser sends a `*`: whoever writes one expects that it stands for many. */
const isOrigin = (value: string) =>
  !value.includes('*') && (appOrigin.test(value) || (URL.canParse(value) && new URL(value).origin === value));
const originItem = z
  .string(expected('an origin'))
  .refine(
    (value) => originWords.includes(value) || isOrigin(value),
    'must list origins like https://chat.example.org, or lan',
  );

/** A list, or one item of it; see `Origins`. What opens the process to pages from anywhere, or to none but dev's, is refused in prod. */
export const originsField = (mode: Environment) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(originItem, expected('a list of origins')),
    )
    .refine((value) => mode === 'dev' || !value.some((item) => item === 'loopback' || item === '*'), {
      error: 'must list origins by name in prod, like https://chat.example.org, or lan (no *, no loopback)',
    });

const everybody =
  'must name the proxies, e.g. 10.0.0.0/8: who trusts everybody lets callers choose their address';

/** What used to be a flag: false is nobody; true is refused below, with a hint. */
const asList = (value: unknown) => {
  const list = typeof value === 'boolean' ? [String(value)] : value;
  if (!Array.isArray(list) || list.length !== 1) return list;
  return /^(false|no|0)$/i.test(String(list[0])) ? [] : list;
};

/** Addresses and networks of proxies; `false` or an empty list for none. */
export const networksField = z.preprocess(
  asList,
  z.array(
    z.string(expected('a list of addresses and networks')).superRefine((value, context) => {
      const network = parseNetwork(value);
      if (/^(true|yes|1)$/i.test(value) || network?.prefix === 0)
        context.addIssue({ code: 'custom', message: everybody });
      else if (!network)
        context.addIssue({ code: 'custom', message: 'must list addresses or networks like 10.0.0.0/8' });
    }),
    expected('a list of addresses and networks'),
  ),
);

/** An absolute URL with one of `protocols` (with the colon). */
export const urlField = (protocols: readonly string[]) =>
  text.refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

/** Passwords that examples and images come with. */
const examplePasswords: ReadonlySet<string> = new Set([
  ...['parley', 'postgres', 'redis', 'password', 'pass', 'secret', 'admin', 'root', 'test'],
  ...['111111', '123456', '12345678', 'foobared'],
]);

/** A URL that may hold a password: in prod none that everybody knows. */
export const notAnExamplePassword = (mode: Environment, field: z.ZodType<string, unknown>) =>
  field.refine(
    (value) => {
      if (mode === 'dev' || !URL.canParse(value)) return true;
      const password = decoded(new URL(value).password);
      return !examplePasswords.has(password.toLowerCase()) && !exampleSecret.test(password);
    },
    { error: 'has the password of an example, which prod refuses; a new one: openssl rand -hex 24' },
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A token that opens something: of some length, and in prod not an example. */
export const openingToken = (mode: Environment) =>
  secretOf(
    text
      .min(minTokenChars, `must be at least ${minTokenChars} characters`)
      .refine((value) => mode === 'dev' || !exampleSecret.test(value), {
        error: 'is an example value, which prod refuses; a new one: openssl rand -hex 24',
      }),
  );

/** What is wrong with the files that `read` reads; undefined when nothing is. */
export function fileProblem(read: () => unknown): TlsFileError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof TlsFileError) return error;
    throw error;
  }
}

/** A file of certificate authorities, which has been read once. */
export const authoritiesField = text.superRefine((file, context) => {
  const problem = fileProblem(() => readAuthorities(file));
  if (problem) context.addIssue({ code: 'custom', message: `names a file that ${problem.problem}` });
});

/** Wraps the value so that it cannot be printed. */
export const secretOf = (field: z.ZodType<string, unknown>) => field.transform((value) => new Secret(value));

/** A signing secret: anything in dev; in prod long, varied, and not one that is printed in this repository. */
export const signingSecret = (mode: Environment) =>
  secretOf(
    text.superRefine((value, context) => {
      const refuse = (message: string) => context.addIssue({ code: 'custom', message });
      if (mode === 'dev') return;
      if (Buffer.byteLength(value) < minSecretBytes)
        refuse(`must be at least ${minSecretBytes} bytes in prod; a new one: openssl rand -base64 48`);
      if (exampleSecret.test(value))
        refuse('is an example value, which prod refuses; a new one: openssl rand -base64 48');
      else if (new Set(value).size < 8)
        refuse('is too easy to guess for prod; a new one: openssl rand -base64 48');
    }),
  );

/** Somebody's password, as they would type it; in prod none that is printed in this repository, and not a short one. */
export const passwordSetting = (mode: Environment) =>
  secretOf(
    text.superRefine((value, context) => {
      const refuse = (message: string) => context.addIssue({ code: 'custom', message });
      if (!passwordField.safeParse(value).success) refuse('must be a password that somebody can type');
      else if (mode === 'prod' && value.length < minPasswordChars)
        refuse(`must be at least ${minPasswordChars} characters in prod`);
      else if (mode === 'prod' && exampleSecret.test(value))
        refuse('is an example value, which prod refuses');
    }),
  );
