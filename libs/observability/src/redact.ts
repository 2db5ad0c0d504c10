const redacted = '[redacted]';

/** Field names, in lower case, whose value is never logged, at whatever depth it is. */
const secretFields = new Set([
  'authorization',
  'authtoken',
  'body',
  'cookie',
  'jwt',
  'msg',
  'password',
  'secret',
  'set-cookie',
  'text',
  'token',
]);

/** Deep enough for what is logged; bounds the work on a cyclic or huge value. */
const maxDepth = 6;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

function redactValue(value: unknown, depth: number): unknown {
  if (!Array.isArray(value) && !isPlain(value)) return value;
  if (depth >= maxDepth) return '[too deep]';
  return Array.isArray(value)
    ? value.map((item) => redactValue(item, depth + 1))
    : redactFields(value, depth + 1);
}

/**
 * A copy of a log line's fields in which secrets and message bodies read `[redacted]`.
 *
 * Pino's own `redact` takes fixed paths, and its path `msg` would hide every log message; this looks at names, at any
 * depth. Errors and class instances are left as they are: their serializers come later.
 */
export function redactFields(fields: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secretFields.has(name.toLowerCase()) && value !== undefined ? redacted : redactValue(value, depth),
    ]),
  );
}
