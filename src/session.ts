/** A signed-in user: what a refresh token or a cookie of the dashboard stands for. */

export interface Session {
  readonly id: string;
  readonly userId: string;
  /** The active team; the user may have left it since. */
  readonly teamId: string;
  /** `token`: continued by refresh tokens, each good for one use. `cookie`: of the dashboard. */
  readonly kind: "token" | "cookie";
  /** Where it was begun from. */
  readonly sourceIp: string;
  readonly createdAtMs: number;
  /** When its secret was last presented; at most a minute behind. */
  readonly lastUsedAtMs: number;
  /** Over at this time, however much it is used. */
  readonly expiresAtMs: number;
}
