/**
 * Settings from the environment and the command line, as one checked value. The only reader of
 * `process.env`. Everything that is wrong is told at once, in sentences.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type FieldProblem, invalid } from "../problem.ts";
import { addressKind } from "../proxy/address.ts";
import { isDestination } from "../proxy/destinations.ts";
import { isRange } from "../proxy/ranges.ts";
import { givenSocket } from "./given-socket.ts";
import { providerContradictions } from "./provider-contradictions.ts";
import { dataPlanesOf } from "./usual-data-planes.ts";
import {
  type Form,
  flagOf,
  rangeOf,
  type Variable,
  type VariableKey,
  variables,
} from "./variables.ts";

export interface Config {
  readonly host: string;
  /** 0 asks for a free port. */
  readonly port: number;
  /** A socket to listen on in place of both. */
  readonly listenFd?: number;
  /** Threads that take calls. */
  readonly dataPlanes: number;
  /** Without a slash at its end; absent: made from host and port once they are known. */
  readonly publicUrl?: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly apiKey?: Secret;
  readonly registryUrl: string;
  readonly callsUrl: string;
  readonly egress: "local" | "public";
  /** Networks and hosts. */
  readonly egressAllow: readonly string[];
  readonly egressDeny: readonly string[];
  readonly egressHttp: "0" | "1";
  /** Networks. */
  readonly trustedProxies: readonly string[];
  /** 0 is no limit. */
  readonly connectionsPerClientMax: number;
  /** 0 is no limit. */
  readonly exchangesPerTeamMax: number;
  /** Per team on the built-in plan; 0 is no limit. */
  readonly serversMax: number;
  /** Absolute; absent: there is one plan, the built-in one. */
  readonly plansFile?: string;
  /** Whether anyone may register. */
  readonly signup: "open" | "closed";
  /** These go together; see `provider-contradictions.ts`. */
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcClientSecret?: Secret;
  /** Lower case. */
  readonly oidcAllowedDomains: readonly string[];
  readonly upstreamIdleTimeoutMs: number;
  readonly bodyCaptureMaxBytes: number;
  readonly requestMaxBytes: number;
  /** 0 keeps all. */
  readonly retentionDays: number;
  /** 0 keeps bodies as long as their calls; never more than `retentionDays`, unless that is 0. */
  readonly bodyRetentionDays: number;
  /** 0: no spill. */
  readonly spillMaxBytes: number;
  readonly strictLogging: "0" | "1";
  readonly durableCalls: "0" | "1";
  readonly drainDelayMs: number;
  readonly drainMs: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** A value that does not show itself when printed, logged or serialised. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/**
 * Flags win over the environment, the environment over defaults.
 *
 * @throws Problem `validation_error` — with one detail for each setting that cannot be used.
 */
export function readConfig(
  flags: readonly string[],
  environment: Environment = process.env,
): Config {
  const given = { ...fromEnvironment(environment), ...fromFlags(flags) };
  const wrong: FieldProblem[] = [];
  const values = Object.fromEntries(
    keys.map((key) => [key, parse(variables[key], given[key], (problem) => wrong.push(problem))]),
  ) as unknown as Record<VariableKey, never>;
  const listenFd = givenSocket(environment, process.pid, (problem) => wrong.push(problem));
  const place = listenFd === undefined ? String(values.host) : "a socket that was given";
  wrong.push(...unknownVariables(environment), ...contradictions(values, given, place));
  wrong.push(...providerContradictions(values));
  const dataPlanes = dataPlanesOf(values.dataPlanes, listenFd, (problem) => wrong.push(problem));
  if (wrong.length > 0) throw invalid(...wrong);
  const { publicUrl, apiKey, oidcClientSecret, plansFile, ...rest } = values as unknown as Values;
  return {
    ...rest,
    exchangesPerTeamMax: rest.exchangesPerTeamMax ?? (rest.signup === "open" ? 1_000 : 0),
    dataPlanes,
    dataDir: resolve(rest.dataDir),
    ...(listenFd === undefined ? {} : { listenFd }),
    ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/+$/, "") }),
    ...(apiKey === undefined ? {} : { apiKey: new Secret(apiKey) }),
    ...(oidcClientSecret === undefined ? {} : { oidcClientSecret: new Secret(oidcClientSecret) }),
    ...(plansFile === undefined ? {} : { plansFile: resolve(plansFile) }),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;
type Given = Partial<Record<VariableKey, string>>;
type Values = Omit<Config, "apiKey" | "oidcClientSecret" | "exchangesPerTeamMax"> & {
  apiKey?: string;
  oidcClientSecret?: string;
  exchangesPerTeamMax?: number;
};

const keys = Object.keys(variables) as VariableKey[];

/** An empty variable counts as unset: that is how compose files and shells leave one out. */
function fromEnvironment(environment: Environment): Given {
  const set = keys.filter((key) => environment[variables[key].name]);
  return Object.fromEntries(set.map((key) => [key, environment[variables[key].name]]));
}

function fromFlags(flags: readonly string[]): Given {
  const options = Object.fromEntries(
    keys.map((key) => [flagOf(variables[key]), { type: "string" as const }]),
  );
  try {
    const { values } = parseArgs({ args: [...flags], options, strict: true });
    return Object.fromEntries(
      keys.flatMap((key) => {
        const value = values[flagOf(variables[key])];
        return value === undefined ? [] : [[key, value]];
      }),
    );
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw invalid({ field: "command line", message: message.split(". ")[0] ?? message });
  }
}

function parse(
  variable: Variable,
  given: string | undefined,
  report: (problem: FieldProblem) => void,
): string | number | readonly string[] | undefined {
  const { form } = variable;
  const text = given ?? variable.fallback;
  if (text === undefined) return form.kind === "list" ? [] : undefined;
  const shown = shownValue(form, text);
  const refuse = () =>
    void report({ field: variable.name, message: `is ${shown}, but must be ${rangeOf(form)}` });
  switch (form.kind) {
    case "whole": {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= form.min && value <= form.max ? value : refuse();
    }
    case "choice":
      return form.values.includes(text) ? text : refuse();
    case "url":
      return isUrlOf(text, form.schemes) ? text : refuse();
    case "list":
      return parseList(text, form.of) ?? refuse();
    case "text": {
      const printable = /^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(text) || !form.secret;
      return printable && text.length >= form.minLength && text.length <= form.maxLength
        ? text
        : refuse();
    }
  }
}

/** Undefined when one of them is none, or when there are more than 1,000. */
function parseList(text: string, of: ListForm["of"]): string[] | undefined {
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.length > 1_000 || !entries.every(isListed[of])) return undefined;
  return of === "domains" ? entries.map((entry) => entry.toLowerCase()) : entries;
}

type ListForm = Extract<Form, { kind: "list" }>;

const isListed: Readonly<Record<ListForm["of"], (entry: string) => boolean>> = {
  networks: isRange,
  destinations: isDestination,
  domains: (entry) => /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(entry),
};

/** As much of a wrong value as may be printed. */
function shownValue(form: Form, text: string): string {
  if (form.kind === "text" && form.secret) return `${text.length} characters long`;
  return form.kind === "url" && text.includes("@") ? "a URL with credentials" : `"${text}"`;
}

function isUrlOf(text: string, schemes: readonly string[]): boolean {
  const url = URL.parse(text);
  if (!url || !schemes.includes(url.protocol.slice(0, -1))) return false;
  if (url.search !== "" || url.hash !== "") return false;
  if (url.protocol === "http:" || url.protocol === "https:") return url.username === "";
  // `sqlite:path`, never `sqlite://host/path`.
  return url.protocol === "memory:" ? text === "memory:" : !text.startsWith("sqlite://");
}

/** A misspelt name would otherwise be a setting that silently does nothing. */
function unknownVariables(environment: Environment): FieldProblem[] {
  const known = new Set<string>(["HOOKWATCH_NODE", ...keys.map((key) => variables[key].name)]);
  return Object.keys(environment)
    .filter(
      (name) =>
        name.startsWith("HOOKWATCH_") && !name.startsWith("HOOKWATCH_TEST_") && !known.has(name),
    )
    .map((field) => ({
      field,
      message: "is not a setting of HookWatch; docs/configuration.md lists them",
    }));
}

function contradictions(
  values: Readonly<Record<VariableKey, unknown>>,
  given: Given,
  /** To listen on. */
  place: string,
): FieldProblem[] {
  const wrong: FieldProblem[] = [];
  const { registryUrl, callsUrl } = values;
  if (registryUrl === callsUrl && registryUrl !== "sqlite:" && registryUrl !== "memory:") {
    const message = `and ${variables.callsUrl.name} name the same file; each store needs its own`;
    wrong.push({ field: variables.registryUrl.name, message });
  }
  const [callDays, bodyDays] = [Number(values.retentionDays), Number(values.bodyRetentionDays)];
  if (callDays > 0 && bodyDays > callDays) {
    const message = `is ${bodyDays} days, but no body outlives its call: ${variables.retentionDays.name} is ${callDays}`;
    wrong.push({ field: variables.bodyRetentionDays.name, message });
  }
  if (values.signup === "open" && given.egress === undefined && !isThisMachine(place)) {
    const message = `must be set to listen on ${place} with open sign-up: "public" keeps strangers out of your network, "local" lets them in`;
    wrong.push({ field: variables.egress.name, message });
  }
  if (values.plansFile !== undefined && given.serversMax !== undefined) {
    const message = `is for the one plan there is without ${variables.plansFile.name}; say servers_max there instead`;
    wrong.push({ field: variables.serversMax.name, message });
  }
  const publicUrl = typeof values.publicUrl === "string" ? URL.parse(values.publicUrl) : null;
  if (publicUrl && publicUrl.pathname !== "/") {
    const message = `has the path ${publicUrl.pathname}, but HookWatch serves from the root of its host`;
    wrong.push({ field: variables.publicUrl.name, message });
  }
  return wrong;
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || addressKind(host) === "loopback";
}
