import type { Redis } from 'ioredis';
import { scripts, type ScriptName } from './generated/scripts.js';

/** What a script is given, once. */
export interface ScriptCall {
  /** As many as the script's name says. */
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Scripts that are run for several calls at once, see {@link runScriptForEach}. */
const FOR_EACH = ['acceptMessage'] as const;
type ForEach = (typeof FOR_EACH)[number];

const forEachName = (name: ForEach) => `${name}ForEach` as const;

/** Something that runs commands: a connection or a pipeline. */
type Runner = Record<
  ScriptName | ReturnType<typeof forEachName>,
  (...args: (string | number)[]) => Promise<unknown>
>;

/** The commands that a connection has beside those of Redis, as ioredis takes them. */
export const scriptCommands: Record<string, { lua: string; numberOfKeys?: number }> = {
  ...Object.fromEntries(
    Object.values(scripts).map(({ name, lua, numberOfKeys }) => [name, { lua, numberOfKeys }]),
  ),
  ...Object.fromEntries(FOR_EACH.map((name) => [forEachName(name), { lua: forEachOf(scripts[name]) }])),
};

/**
 * Runs a Lua script by name.
 *
 * @param keys - As many as the script's name says.
 * @returns The script's reply as Redis gives it; callers in this lib turn it into types.
 */
export function runScript(
  redis: Redis,
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  // ioredis adds the commands at run time, so its types cannot know them.
  return (redis as unknown as Runner)[name](...keys, ...args);
}

/**
 * Runs a Lua script several times in one call, in the order of `calls`; nothing comes between. Cheaper than as many calls: most of
 * what a short script costs is to be called.
 *
 * @param calls - All with the same number of arguments; not so many that Redis does nothing else for long.
 * @returns Their replies; an error where one failed, and the others went on.
 * @throws What the first one fails with: the rest was not begun then, and the server's state is the likely reason.
 */
export async function runScriptForEach(
  redis: Redis,
  name: ForEach,
  calls: readonly ScriptCall[],
): Promise<unknown[]> {
  const keys = calls.flatMap((call) => call.keys);
  const args = calls.flatMap((call) => call.args);
  const run = (redis as unknown as Runner)[forEachName(name)];
  return (await run.call(redis, keys.length, ...keys, args.length / calls.length, ...args)) as unknown[];
}

/**
 * A script that runs another one for each of several calls. KEYS: those of each call, one after the other. ARGV: how many arguments
 * a call has, then those of each.
 *
 * Redis says of itself that it is a replica, or takes no writes, by an error that is the whole reply: the first one is.
 */
function forEachOf({ lua, numberOfKeys }: { readonly lua: string; readonly numberOfKeys: number }): string {
  return `local function once(KEYS, ARGV)
${lua}
end
local keys, args = ${numberOfKeys}, tonumber(ARGV[1])
local replies = {}
for i = 0, #KEYS / keys - 1 do
  local done, reply = pcall(once, {unpack(KEYS, i * keys + 1, (i + 1) * keys)}, {unpack(ARGV, i * args + 2, (i + 1) * args + 1)})
  if not done and type(reply) ~= 'table' then reply = redis.error_reply(tostring(reply)) end
  if i == 0 and type(reply) == 'table' and reply.err then return reply end
  replies[i + 1] = reply
end
return replies
`;
}
