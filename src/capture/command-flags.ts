/**
 * Flags of one letter that take a password, by the program they belong to: `mysql -px`, `sshpass -p x`,
 * `redis-cli -a x`, `smbclient -U bob%x`, `openssl … -passin pass:x`. With other programs they mean paths and ports.
 *
 * Bounds: the program is looked for `lookBack` characters back, in the same command.
 */

const lookBack = 96;

/** How the value follows the flag. */
export type FlagForm = "attached" | "apart" | "after percent" | "after pass:";

interface FlagRule {
  readonly programs: readonly string[];
  readonly forms: readonly FlagForm[];
  /** Must stand between the program and the flag. */
  readonly word?: string;
  /** Must not. */
  readonly before?: RegExp;
}

const rules: Readonly<Record<string, readonly FlagRule[] | undefined>> = Object.assign(
  Object.create(null),
  {
    p: [
      { programs: ["mysql", "mariadb", "7z", "rar", "unrar"], forms: ["attached"] },
      {
        programs: ["sshpass"],
        forms: ["attached", "apart"],
        before: /[\s"](?:ssh|scp|sftp|rsync)[\s"]/,
      },
      { programs: ["mongo", "cqlsh", "rabbitmqadmin"], forms: ["apart"] },
      { programs: ["docker", "podman", "helm", "az", "oc"], forms: ["apart"], word: "login" },
      { programs: ["openssl"], forms: ["after pass:"] },
    ],
    P: [
      {
        programs: ["unzip", "zip", "sqlcmd", "bcp", "ipmitool", "mosquitto_pub", "mosquitto_sub"],
        forms: ["apart", "attached"],
      },
    ],
    a: [{ programs: ["redis-cli", "redis-benchmark"], forms: ["apart"] }],
    w: [{ programs: ["ldap"], forms: ["apart"] }],
    U: [{ programs: ["smbclient", "rpcclient", "smbget"], forms: ["after percent"] }],
  } satisfies Record<string, readonly FlagRule[]>,
);

/** What the flag at that hyphen can be followed by; empty when it is of no program known for it. */
export function formsOf(text: string, at: number): readonly FlagForm[] {
  const own = rules[text.charAt(at + 1)];
  if (!own || !/[\s"'`]/.test(text.charAt(at - 1)) || text.startsWith(" -", at + 2)) return [];
  const head = text.slice(Math.max(0, at - lookBack), at);
  let rule: FlagRule | undefined;
  let end = -1;
  for (const candidate of own) {
    for (const program of candidate.programs) {
      const programEnd = endOfProgram(head, program);
      if (programEnd <= end) continue;
      rule = candidate;
      end = programEnd;
    }
  }
  const command = head.slice(end);
  if (!rule || anotherCommand.test(command)) return [];
  const holds = rule.word === undefined || command.includes(rule.word);
  return holds && rule.before?.test(command) !== true ? rule.forms : [];
}

const anotherCommand = /[\n;|]|\\n|&&/;

/** Where the last mention of a program ends, whose name may go on: `mysqldump`; -1 without one. */
function endOfProgram(head: string, program: string): number {
  // Looking from the end is slow, and mostly there is none.
  if (!head.includes(program)) return -1;
  const at = head.lastIndexOf(program);
  return /[\w-]/.test(head.charAt(at - 1)) ? -1 : at + program.length;
}
