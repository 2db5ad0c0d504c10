import { slashCommands } from '@parley/client';
import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en.js';
import { zh } from '../i18n/zh.js';
import { aboutOf } from './about.js';
import { completionsOf, isComplete } from './completions.js';

const people = ['ada', 'Adam', 'Li Wei'];
const texts = (typed: string, role: Parameters<typeof completionsOf>[1] = 'moderator') =>
  completionsOf(typed, role, people).map(({ text }) => text);

describe('a command that is being written', () => {
  it('goes on as one of those that begin so', () => {
    expect(texts('/un')).toEqual(['/untimeout ', '/unban ', '/unvoice ', '/unpin ']);
    expect(texts('/SLOWO')).toEqual(['/slowoff']);
    expect(texts('/slowoff')).toEqual([]);
    expect(texts('/hosts')).toEqual(['/hosts', '/hostsoff']);
    expect(texts('/nothing')).toEqual([]);
    expect(texts('hello /un')).toEqual([]);
    expect(texts('//un')).toEqual([]);
  });

  it('is one that the role may use', () => {
    expect(texts('/m')).toEqual(['/me ']);
    expect(texts('/m', 'owner')).toEqual(['/mod ', '/me ']);
    expect(texts('/', 'member')).toEqual(['/delete ', '/w ', '/me ', '/help']);
    expect(texts('/', 'guest')).toEqual(['/delete ', '/w ', '/nick ', '/me ', '/help']);
    expect(completionsOf('/', undefined, []).map(({ command }) => command)).toEqual(['w', 'me', 'help']);
  });

  it('goes on with people where it wants one', () => {
    expect(texts('/kick ')).toEqual(['/kick ada ', '/kick Adam ', '/kick "Li Wei" ']);
    expect(texts('/kick @AD')).toEqual(['/kick ada ', '/kick Adam ']);
    expect(texts('/kick "li w')).toEqual(['/kick "Li Wei" ']);
    expect(texts('/kick ada too loud')).toEqual([]);
    expect(texts('/slow a')).toEqual([]);
    expect(texts('/kick a', 'member')).toEqual([]);
  });

  it('may be whole although it could go on', () => {
    const whole = (typed: string) => isComplete(typed, completionsOf(typed, 'moderator', people));
    expect(whole('/slow')).toBe(true);
    expect(whole('/hosts')).toBe(true);
    expect(whole('/slo')).toBe(false);
    expect(whole('/kick ada')).toBe(true);
    expect(whole('/kick ad')).toBe(false);
  });
});

it.each(slashCommands.map(({ name }) => name))('/%s is explained in both languages', (name) => {
  expect(aboutOf(en, name)).not.toBe('');
  expect(aboutOf(zh, name)).toMatch(/\p{Script=Han}/u);
});
