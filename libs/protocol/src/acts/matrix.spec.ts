import { describe, expect, it } from 'vitest';
import { actSchema } from './acts.js';
import { actInverses } from './inverses.js';
import { actRules, mayAct } from './matrix.js';
import { grantableRoles, roomRoles } from './roles.js';

const acts = Object.keys(actRules) as (keyof typeof actRules)[];

/** docs/acts.md, from the table in code. `npx vitest run -u` writes it. */
function page(): string {
  const head = ['act', 'on', ...roomRoles, 'taken back by'];
  const mark = (may: boolean) => (may ? 'yes' : '');
  const rows = acts.flatMap((act) => {
    const { from, on } = actRules[act];
    if (act === 'takeOver') return [[act, 'the room', ...roomRoles.map(() => 'an admin of the site')]];
    if (on === 'room' || on === 'any')
      return [
        [
          act,
          on === 'room' ? 'the room' : 'anybody but a guest',
          ...roomRoles.map((role) => mark(mayAct(act, role))),
        ],
      ];
    if (act === 'role')
      return roomRoles.flatMap((target) =>
        grantableRoles.map((given) => [
          act,
          `a ${target}, to be ${given}`,
          ...roomRoles.map((role) => mark(mayAct(act, role, target, given))),
        ]),
      );
    const own = from === 'author' ? [[act, 'one’s own, for 15 minutes', ...roomRoles.map(() => 'yes')]] : [];
    return [
      ...own,
      ...roomRoles.map((target) => [
        act,
        `a ${target}`,
        ...roomRoles.map((role) => mark(mayAct(act, role, target))),
      ]),
    ];
  });
  const back = (act: (typeof acts)[number]) => {
    const inverse = actInverses[act];
    return 'by' in inverse ? `${inverse.by}: ${inverse.to}` : `–: ${inverse.not}`;
  };
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `# Who may do what

Made from [\`libs/protocol/src/acts/matrix.ts\`](../libs/protocol/src/acts/matrix.ts), which the server, the site and this page have in common; one test tries every cell over HTTP, WebSocket and TCP
(\`e2e/src/together/acts-matrix.ts\`). Columns are roles of who acts; a row says what is done, and to whom. Nobody acts on an equal or higher role, but owners on owners' roles; a room always has
an owner; guests cannot be given a role. A moderator deletes what people below him wrote; of a range what others wrote stays. The last column, from
[\`inverses.ts\`](../libs/protocol/src/acts/inverses.ts), is what *Undo* in the console does.

<!-- prettier-ignore-start -->

${line(head)}
${line(head.map(() => '---'))}
${rows.map((cells) => line([...cells, back(cells[0] as (typeof acts)[number])])).join('\n')}

<!-- prettier-ignore-end -->
`;
}

describe('the acts matrix', () => {
  it('has a rule for every act', () => {
    const known = actSchema.options.map((option) => option.shape.act.value).sort();
    expect([...acts].sort()).toEqual(known);
  });

  it('is what docs/acts.md says', async () => {
    await expect(page()).toMatchFileSnapshot('../../../../docs/acts.md');
  });

  it('lets nobody act on an equal or higher role', () => {
    for (const act of acts.filter((name) => actRules[name].on === 'lower' && name !== 'role'))
      for (const [i, role] of roomRoles.entries())
        for (const target of roomRoles.slice(0, i + 1))
          expect(mayAct(act, role, target), `${act} ${role} ${target}`).toBe(false);
  });

  it('lets only owners make owners and moderators', () => {
    for (const given of ['owner', 'moderator'] as const)
      for (const role of roomRoles) expect(mayAct('role', role, 'member', given)).toBe(role === 'owner');
  });
});
