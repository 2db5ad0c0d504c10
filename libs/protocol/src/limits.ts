/**
 * Every bound a client can meet, in one place. What happens at a bound has a code in the error catalogue;
 * PROTOCOL.md, section "Limits", is the prose version of this table.
 */
export const limits = {
  /** Largest TCP frame, bytes, 4 header bytes included: the seed's length field is a signed 16-bit integer. */
  maxFrameBytes: 32_767,
  /** Largest inbound WebSocket message, bytes. The same as over TCP, so that one protocol fits both. */
  maxWsMessageBytes: 32_767,
  /** Largest HTTP request body, bytes. */
  maxHttpBodyBytes: 65_536,
  /** Longest message text, Unicode code points. */
  maxTextCodePoints: 4_000,
  /** Longest user name, code points. */
  maxNameCodePoints: 32,
  /** Longest password, UTF-8 bytes: argon2 is deliberately slow, so its input is bounded. */
  maxPasswordBytes: 256,
  /** Shortest password, code points. The seed's accounts use six. */
  minPasswordCodePoints: 6,
  /** Longest room name, code points. */
  maxRoomNameCodePoints: 80,
  /** Longest `clientMsgId` and `Idempotency-Key`, characters. */
  maxClientMsgIdChars: 64,
  /** Rooms one connection may be in at once. */
  maxRoomsPerConnection: 64,
  /** Messages in one history page. */
  maxHistoryPage: 200,
  /** Rooms or conversations in one page of a list. */
  maxListedRooms: 200,
  /** … when the request does not say how many. */
  defaultListedRooms: 100,
  /** Unread messages are counted up to here. */
  maxUnread: 100,
  /** Rooms and conversations of one user that are listed with what is unread: the most recently used. */
  maxListedUnread: 200,
  /** Longest text to look for in names, code points. */
  maxQueryCodePoints: 80,
  /** Users in one page of a search. */
  maxListedUsers: 50,
  /** Members listed in a room-info frame and by the members route; the newest ones beyond. */
  maxListedMembers: 1_000,
  /** Longest reason of an act, code points. */
  maxReasonCodePoints: 200,
  /** Longest slow mode, seconds between two messages of one person. */
  maxSlowModeSeconds: 3_600,
  /** Longest time-out of a person, seconds: 14 days. */
  maxTimeoutSeconds: 1_209_600,
  /** Longest ban that ends by itself, seconds: 10 years. */
  maxBanSeconds: 315_360_000,
  /** A person's messages of the last seconds that one act deletes: a day. */
  maxDeleteSeconds: 86_400,
  /** People of a room who have been given a role. */
  maxRoles: 200,
  /** Roles, time-outs and bans that hold in a room. */
  maxRestrictions: 5_000,
  /** Pinned messages of a room. */
  maxPins: 3,
  /** Lines of the audit log in one page. */
  maxAuditPage: 100,
  /** Code points of a pinned message that are kept in sight. */
  maxPinCodePoints: 280,
  /** One's own message may be deleted for so long, seconds. */
  ownDeleteSeconds: 900,
  /** Invitations of a room that can be used. */
  maxInvites: 50,
  /** People that one invitation may let in. */
  maxInviteUses: 10_000,
  /** People who wait to be let into one room. */
  maxWaiting: 500,
  /** … who came from one network: a school is one. */
  maxWaitingPerNetwork: 300,
  /** People in one page of the list of those who wait. */
  maxWaitingPage: 100,
  /** Who waits and is not heard of for so long leaves the list, milliseconds; a client asks three times as often. */
  waitingLeaseMs: 30_000,
  /** … and for so long loses his place. */
  waitingPlaceMs: 600_000,
  /** Longest session of a guest, milliseconds: a day. */
  guestSessionMs: 86_400_000,
  /** How long a guest's session goes on beside the one of his new name, milliseconds. */
  renamedSessionMs: 10_000,
  /** Acts of one user may burst, then the sustained rate, acts per second. */
  actBurst: 20,
  actsPerSecond: 2,
  /** A connection that has not presented a valid token after this time is closed with 4003. */
  unauthenticatedIdleMs: 10_000,
  /** The server pings an idle connection this often. */
  heartbeatIntervalMs: 25_000,
  /** A connection silent for this long is closed with 4002. */
  heartbeatTimeoutMs: 60_000,
  /** Sends one user may burst, then the sustained rate, messages per second. */
  sendBurst: 60,
  sendsPerSecond: 20,
  /** A send's `clientMsgId` is remembered in Redis this long; older ones are looked up in the archive. */
  dedupWindowMs: 600_000,
} as const;
