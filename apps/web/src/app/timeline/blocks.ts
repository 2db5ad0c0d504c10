import type { Group, Row } from './rows.js';

/** Neighbours that are shown, laid out and painted together. What is added elsewhere does not touch them. */
export interface Block {
  readonly key: string;
  /** At least one. */
  readonly rows: readonly Row[];
}

/** Messages of a block: few enough to be painted with each that comes, so many that there are few blocks. Chosen by measuring. */
const messagesPerBlock = 8;

// A block is made once per list of rows, as groups are once per list of bubbles.
const blocks = new WeakMap<Group, Block>();

const isSameRow = (a: Row, b: Row | undefined) =>
  a === b || (a.kind !== 'group' && b?.kind === a.kind && b.key === a.key);

/** The block of these rows that was made before, if there is one. */
function sameBlock(block: Block): Block {
  const group = block.rows.find((row) => row.kind === 'group');
  if (!group) return block;
  const made = blocks.get(group);
  const isSame =
    made?.key === block.key &&
    made.rows.length === block.rows.length &&
    made.rows.every((row, i) => isSameRow(row, block.rows[i]));
  if (isSame) return made;
  blocks.set(group, block);
  return block;
}

/**
 * Cuts rows at numbers that do not depend on what is loaded: messages that come and go at either end leave the other blocks
 * as they are. What has no number yet belongs to the last one.
 */
export function blocksOf(rows: readonly Row[]): Block[] {
  const cut: { readonly id: number; readonly rows: Row[] }[] = [];
  let heading: Row[] = [];
  for (const row of rows) {
    heading.push(row);
    if (row.kind !== 'group') continue;
    const last = cut.at(-1);
    const seq = row.bubbles[0]?.seq;
    const id = seq === undefined ? (last?.id ?? 0) : Math.floor(seq / messagesPerBlock);
    if (last?.id === id) last.rows.push(...heading);
    else cut.push({ id, rows: heading });
    heading = [];
  }
  return cut.map((block) => sameBlock({ key: `block:${block.id}`, rows: block.rows }));
}
