/** Who asks, and of which room. */
export interface DoorCaller {
  readonly userId: number;
  readonly userName: string;
  readonly roomId: number;
}
