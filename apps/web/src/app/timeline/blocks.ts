import type { EventRow } from './event-rows.js';
import type { Group, Row } from './rows.js';

/** Neighbours that are shown, laid out and painted together. What is added elsewhere does not touch them. */
export interface Block {
  readonly key: string;
  /** At least one. */
  readonly rows: readonly Row[];
}

/** Messages of a block: few enough to be painted with each that comes, so many that there are few blocks. Chosen by measuring. */
const messagesPerBlock = 8;

/** Rows that are made once, and stand for their block. The others are made anew with every list. */
type Lasting = Group | EventRow;
const isLasting = (row: Row): row is Lasting => row.kind === 'group' || row.kind === 'event';

// A block is made once per list of rows, as groups are once per list of bubbles.
const blocks = new WeakMap<Lasting, Block>();

const isSameRow = (a: Row, b: Row | undefined) =>
  a === b || (!isLasting(a) && b?.kind === a.kind && b.key === a.key);

/** The block of these rows that was made before, if there is one. */
function sameBlock(block: Block): Block {
  const first = block.rows.find(isLasting);
  if (!first) return block;
  const made = blocks.get(first);
  const isSame =
    made?.key === block.key &&
    made.rows.length === block.rows.length &&
    made.rows.every((row, i) => isSameRow(row, block.rows[i]));
  if (isSame) return made;
  blocks.set(first, block);
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
    if (!isLasting(row)) continue;
    const last = cut.at(-1);
    const seq = row.kind === 'group' ? row.bubbles[0]?.seq : row.seq;
    const id = seq === undefined ? (last?.id ?? 0) : Math.floor(seq / messagesPerBlock);
    if (last?.id === id) last.rows.push(...heading);
    else cut.push({ id, rows: heading });
    heading = [];
  }
  return cut.map((block) => sameBlock({ key: `block:${block.id}`, rows: block.rows }));
}
