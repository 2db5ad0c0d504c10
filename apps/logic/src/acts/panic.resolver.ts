import {
  AppError,
  factNames,
  isPanic,
  priorSchema,
  rankOf,
  settingsOf,
  type RoomFacts,
  type RoomSettings,
} from '@parley/protocol';
import { usersFrom } from './messages.resolver.js';
import { asTheyAre, type ActResolver } from './resolved-act.js';
import { settingNames } from './settings.resolver.js';

/** What was before the panic that is on; undefined without one. */
function priorOf(facts: RoomFacts) {
  const text = facts.get(factNames.prior);
  return text === undefined ? undefined : priorSchema.parse(JSON.parse(text));
}

export const panic: ActResolver<'panic'> = async ({ hideLastSeconds }, context) => {
  const { facts, messages, roomId, nowMs, head } = context;
  const now = settingsOf(facts);
  // A second panic is taken back to where the first one began.
  const before = priorOf(facts)?.settings ?? now;
  const range = hideLastSeconds > 0 && {
    from: await messages.firstSince(roomId, nowMs - hideLastSeconds * 1_000, head),
    except: usersFrom(facts, rankOf('speaker')),
  };
  // Nobody comes in meanwhile but by a host; where nobody does, that stays.
  const guestPolicy = now.guestPolicy === 'ALWAYS_DENY' ? 'ALWAYS_DENY' : 'ASK_MODERATOR';
  return {
    event: {
      kind: 'panic',
      settings: { ...now, mode: 'hosts', guestPolicy },
      prior: before,
      ...(range && { range }),
      since: Math.ceil(nowMs),
    },
    expect: asTheyAre(facts, factNames.prior, ...settingNames),
  };
};

export const calm: ActResolver<'calm'> = async ({ restore }, context) => {
  const { facts } = context;
  const prior = isPanic(facts) ? priorOf(facts) : undefined;
  if (!prior) throw new AppError('NOTHING_TO_UNDO');
  const hidden = restore && prior.range ? await context.markFor(prior.range) : undefined;
  return {
    event: {
      kind: 'calm',
      settings: prior.settings as RoomSettings,
      ...(hidden !== undefined &&
        prior.range && { range: { ...prior.range, to: hidden - 1 }, undoes: hidden }),
    },
    expect: asTheyAre(facts, factNames.prior, ...settingNames),
  };
};
