/**
 * Passwords as they rest: argon2id in the PHC string format, computed off the main thread.
 *
 * Guarantees: verifying takes the same time whether there is a hash to compare with or not. Bounds: two at once, and on at most
 * half of the cores, so that whoever guesses does not slow down the proxy; 64 wait, and who comes after is refused.
 */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { Problem } from "../problem.ts";

export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id */
export const passwordCost: PasswordCost = { memoryKiB: 19_456, passes: 2, lanes: 1 };
const saltBytes = 16;
const tagBytes = 32;
const runningMax = Math.max(1, Math.min(2, Math.floor(availableParallelism() / 2)));
const waitingMax = 64;
const retryAfterS = 2;

const derive: (name: "argon2id", parameters: Argon2Parameters) => Promise<Buffer> =
  promisify(argon2);

export interface Verdict {
  readonly matches: boolean;
  /** It matches a hash of another cost than new ones have. */
  readonly isOutdated: boolean;
}

export class Passwords {
  readonly #cost: PasswordCost;
  readonly #runningMax: number;
  /** Of a password that nobody has. */
  readonly #nobodys: Hashed;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(cost = passwordCost, atOnce = runningMax) {
    this.#cost = cost;
    this.#runningMax = atOnce;
    this.#nobodys = { cost, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) };
  }

  /** @throws Problem `unavailable` — too many are at it. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    const tag = await this.#derive(password, { cost: this.#cost, salt, tag: undefined });
    return toPhc({ cost: this.#cost, salt, tag });
  }

  /**
   * `phc`: undefined for a user who has no password, or for no user at all; nothing matches that.
   *
   * @throws Problem `unavailable` — too many are at it.
   */
  async verify(password: string, phc: string | undefined): Promise<Verdict> {
    const known = phc === undefined ? this.#nobodys : fromPhc(phc);
    const tag = await this.#derive(password, known);
    const matches = timingSafeEqual(tag, known.tag) && phc !== undefined;
    return { matches, isOutdated: matches && !isSameCost(known.cost, this.#cost) };
  }

  async #derive(
    password: string,
    { cost, salt, tag }: Omit<Hashed, "tag"> & { readonly tag: Buffer | undefined },
  ): Promise<Buffer> {
    await this.#begin();
    try {
      return await derive("argon2id", {
        // The same characters may be typed as different sequences: https://www.rfc-editor.org/rfc/rfc8265#section-4.2
        message: password.normalize("NFC"),
        nonce: salt,
        parallelism: cost.lanes,
        tagLength: tag?.length ?? tagBytes,
        memory: cost.memoryKiB,
        passes: cost.passes,
      });
    } finally {
      this.#end();
    }
  }

  async #begin(): Promise<void> {
    if (this.#running >= this.#runningMax) {
      if (this.#waiting.length >= waitingMax) {
        const message = `${waitingMax} sign-ins are waiting already, try again in a moment`;
        throw new Problem("unavailable", message, { retryAfterS });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
  }

  /** The place goes to who waits longest. */
  #end(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}

interface Hashed {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md */
const phcForm =
  /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{16,128})$/;

function toPhc({ cost, salt, tag }: Hashed): string {
  const { memoryKiB, passes, lanes } = cost;
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

function fromPhc(phc: string): Hashed {
  const [, memory, passes, lanes, salt = "", tag = ""] = phcForm.exec(phc) ?? [];
  if (memory === undefined) throw new Problem("internal_error", "a stored password hash is broken");
  return {
    cost: { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) },
    salt: Buffer.from(salt, "base64"),
    tag: Buffer.from(tag, "base64"),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}

function isSameCost(one: PasswordCost, other: PasswordCost): boolean {
  return (
    one.memoryKiB === other.memoryKiB && one.passes === other.passes && one.lanes === other.lanes
  );
}
