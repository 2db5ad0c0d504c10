import { tracer, type TraceSpan } from '@parley/observability';

/** Deliveries that are traced at once; what is beyond them is let go of. */
const MAX_OPEN = 1_000;

interface Delivery {
  readonly seq: number;
  readonly span: TraceSpan;
}

/** Spans of messages on their way to the members of their room here. Empty while nothing is traced, which is looked at once a write. */
export class DeliveryTraces {
  private readonly open = new Map<number, Delivery[]>();
  private size = 0;

  /** A message that is traced has come, or is about to. The same one may come twice. */
  begin(roomId: number, seq: number, traceparent: string): void {
    const ofRoom = this.open.get(roomId) ?? [];
    if (ofRoom.some((delivery) => delivery.seq === seq)) return;
    if (this.size >= MAX_OPEN) this.letGo();
    const span = tracer()?.child('deliver', 'consumer', traceparent, {
      'parley.room': roomId,
      'parley.seq': seq,
    });
    if (!span) return;
    this.open.set(roomId, [...(this.open.get(roomId) ?? []), { seq, span }]);
    this.size++;
  }

  /** Everything up to `seq` has been written to the live members of the room. */
  delivered(roomId: number, seq: number, members: number): void {
    if (this.size === 0) return;
    const ofRoom = this.open.get(roomId);
    if (!ofRoom) return;
    const left = ofRoom.filter((delivery) => delivery.seq > seq);
    for (const delivery of ofRoom)
      if (delivery.seq <= seq) delivery.span.end(undefined, { 'parley.members': members });
    this.size -= ofRoom.length - left.length;
    if (left.length > 0) this.open.set(roomId, left);
    else this.open.delete(roomId);
  }

  private letGo(): void {
    for (const delivery of [...this.open.values()].flat()) delivery.span.end('let go');
    this.open.clear();
    this.size = 0;
  }
}
