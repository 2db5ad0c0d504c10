/** A number as a member of some object, that may be more than 15 digits, a fraction or a power. */
const suspect = /:\s*-(?:0|\d*[.eE])|:\s*\d+[.eE]|:\s*-?\d{16}/;

/**
 * `JSON.parse`, with one difference: a number directly in the outermost object that JavaScript cannot hold exactly
 * (12345678901234567890, 1e400, -0) comes back as `NaN`. Every schema refuses that, so nothing is answered, counted or
 * kept under a number that is not the one that was sent. `1.0`, `1e3` and 0.1 are themselves.
 *
 * @throws {SyntaxError} when it is not JSON.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Nearly always over here: the rest is for numbers that nobody needs.
  if (!suspect.test(text) || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  for (const [key, literal] of numberMembers(text))
    if (!isExact(literal)) Object.defineProperty(value, key, { value: NaN, enumerable: true });
  return value;
}

/** The number members of the outermost object; of a repeated key the last one, as `JSON.parse` has it. */
function numberMembers(json: string): Map<string, string> {
  const found = new Map<string, string>();
  const token = /"(?:[^"\\]+|\\.)*"|[{}[\]]|-?\d[\d.eE+-]*|true|false|null/gy;
  const gap = /[\s,:]*/y;
  let depth = 0;
  // Members of the outermost object come in twos: a key, and its value, of which only the first token is looked at.
  let key: string | undefined;
  for (let at = 0; at < json.length;) {
    gap.lastIndex = at;
    gap.test(json);
    token.lastIndex = gap.lastIndex;
    const [text] = token.exec(json) ?? [];
    if (text === undefined) break;
    at = token.lastIndex;
    if (depth === 1 && text !== '}') {
      if (key === undefined) key = JSON.parse(text) as string;
      else {
        if (/^[-\d]/.test(text)) found.set(key, text);
        else found.delete(key);
        key = undefined;
      }
    }
    if (text === '{' || text === '[') depth++;
    if (text === '}' || text === ']') depth--;
  }
  return found;
}

/** Whether the number that JavaScript makes of it is written with the same digits. */
function isExact(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
  const [sent, held] = [decimal(literal), decimal(String(value))];
  return sent.digits === held.digits && sent.exponent === held.exponent;
}

/** A decimal as digits without zeros at either end, times a power of ten. */
function decimal(literal: string): { digits: string; exponent: number } {
  const [, whole = '', fraction = '', power = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  const exponent = short === '' ? 0 : Number(power) - fraction.length + digits.length - short.length;
  return { digits: short, exponent };
}
