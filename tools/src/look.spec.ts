import { expect, it } from 'vitest';
import { changedSources, hashOf, picturedLook, presentLook } from '../lib/look.mjs';

it('the look changes with a value, not with a comment or a line break', () => {
  const rule = ':root { --line: #dce2e8; }';
  expect(hashOf('/* Lines. */\n:root {\n  --line: #dce2e8;\n}\n')).toBe(hashOf(rule));
  expect(hashOf(':root { --line: #dce2e9; }')).not.toBe(hashOf(rule));
});

it('names what is new, changed or gone since the pictures were made', () => {
  const before = { 'gone.css': '1', 'kept.css': '2', 'changed.css': '3' };
  const after = { 'new.css': '1', 'kept.css': '2', 'changed.css': '4' };
  expect(changedSources(before, after)).toEqual(['changed.css', 'gone.css', 'new.css']);
  expect(changedSources(after, after)).toEqual([]);
});

it('is made of every style sheet of the site and of the script of the pictures', () => {
  const files = Object.keys(presentLook());
  expect(files).toContain('apps/web/src/app/styles/tokens.css');
  expect(files).toContain('apps/web/src/app/thread/message.module.css');
  expect(files).toContain('e2e/src/pictures/conversation.ts');
  expect(Object.keys(picturedLook()).length).toBeGreaterThan(0);
});
