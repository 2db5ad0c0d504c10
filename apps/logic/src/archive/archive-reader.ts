import { Inject, Injectable } from '@nestjs/common';
import { withTombstones } from '@parley/contracts';
import { MarksService } from '../record/marks.service.js';
import {
  ArchiveRepository,
  isReadable,
  type ArchivedMessage,
  type ArchiveRange,
} from './archive.repository.js';

/** Messages in SQL as a reader may have them: what is hidden is a tombstone. */
@Injectable()
export class ArchiveReader {
  constructor(
    @Inject(ArchiveRepository) private readonly archive: Pick<ArchiveRepository, 'originals'>,
    @Inject(MarksService) private readonly marks: Pick<MarksService, 'between'>,
  ) {}

  /** As {@link ArchiveRepository.originals}, without the texts that are hidden. @throws {Error} When SQL or Redis cannot be read. */
  async page(roomId: number, range: ArchiveRange): Promise<ArchivedMessage[]> {
    const rows = await this.archive.originals(roomId, range);
    const [first, last] = [rows[0], rows.at(-1)];
    if (!first || !last) return rows;
    // Behind the messages: what is hidden when they are read is hidden in the answer.
    const marks = await this.marks.between(roomId, first.seq, last.seq);
    return rows.map((row) => (isReadable(row) ? (withTombstones([row], marks)[0] ?? row) : row));
  }
}
