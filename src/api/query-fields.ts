/**
 * The kinds of query parameters: text from a URL → a value, and how each reads in the OpenAPI document.
 *
 * Repeating a parameter made by `anyOf` means any of its values, at most 100; all others are given
 * once. Text is at most 1,000 characters long. What does not fit is told with the value and the limit.
 */
import { z } from "@hono/zod-openapi";
import { isUuid } from "../id.ts";
import { invalid } from "../problem.ts";
import { checked, parseFields, quoted } from "./fields.ts";

const valuesMax = 100;
const textMaxLength = 1_000;

/** @throws Problem `validation_error` — unknown, repeated or wrong parameters, all of them. */
export function readQuery<Schema extends z.ZodObject>(
  schema: Schema,
  url: string,
): z.output<Schema> {
  const given = new Map<string, string[]>();
  for (const [name, value] of new URL(url).searchParams) {
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  const repeatable = (name: string) =>
    Object.hasOwn(schema.shape, name) && isRepeatable(schema.shape[name]);
  // Not an object literal filled by name: `fromEntries` makes even `__proto__` an own key.
  const values = [...given].map(([name, texts]) => [
    name,
    repeatable(name) || texts.length > 1 ? texts : texts[0],
  ]);
  return parseFields(schema, Object.fromEntries(values));
}

/** A filter that may be given several times. */
export function anyOf<Value extends z.ZodType>(value: Value, description: string) {
  const error = ({ input }: { input?: unknown }) =>
    `is given ${(input as unknown[]).length} times, the limit is ${valuesMax}`;
  return z.array(value).max(valuesMax, { error }).optional().openapi({ description });
}

function isRepeatable(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodArray;
}

/** Text given once, on its way to a value. */
function single<Out>(parse: (text: string) => Out) {
  // Not `z.string()`: several values arrive as an array, whose refusal must say how many there are.
  const once = (given: unknown) => {
    if (typeof given === "string") return parse(given);
    throw refuse(`is given ${(given as unknown[]).length} times, must be given once`);
  };
  return z.unknown().transform(checked(once));
}

export function text() {
  return single((value) => {
    if (value.length > textMaxLength) {
      throw refuse(`is ${value.length} characters long, the limit is ${textMaxLength}`);
    }
    return value;
  }).openapi({ type: "string", maxLength: textMaxLength });
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  const error = ({ input }: { input?: unknown }) =>
    `must be one of ${values.map((value) => value || "empty").join(", ")}, is ${quoted(String(input))}`;
  return z.enum(values, { error });
}

export function wholeNumber(min: number, max: number) {
  return single((value) => {
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw refuse(`must be a whole number from ${min} to ${max}, is ${quoted(value)}`);
  }).openapi({ type: "integer", minimum: min, maximum: max });
}

/** A UUID in either case, as lower case. @throws Problem `validation_error`. */
export function parseUuid(value: string): string {
  const uuid = value.toLowerCase();
  if (isUuid(uuid)) return uuid;
  throw refuse(`must be a UUID, is ${quoted(value)}`);
}

export function uuid() {
  return single(parseUuid).openapi({ type: "string", format: "uuid" });
}

/** Epoch milliseconds of an ISO 8601 date (UTC midnight) or date-time with its offset. */
export function instant() {
  return single(parseInstant).openapi({ type: "string", example: "2026-11-20T08:30:00.000Z" });
}

// In a query an unescaped "+" means a blank; nothing else can be meant by one before an offset.
const instantPattern =
  /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:(Z)|([-+ ])(\d{2}):(\d{2})))?$/i;

/** @throws Problem `validation_error` — it is no such date, or there is no such day. */
export function parseInstant(value: string): number {
  const [, date, minute = "00:00", second = "00", fraction = "", , sign, hours, minutes] =
    instantPattern.exec(value) ?? [];
  const text = `${date}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
  const localMs = Date.parse(text);
  const offsetHours = Number(hours ?? 0);
  const offsetMinutes = Number(minutes ?? 0);
  // `Date.parse` lets 30 February roll over into March: only what reads back the same is a date.
  const real = !Number.isNaN(localMs) && new Date(localMs).toISOString() === text;
  if (!real || offsetHours > 23 || offsetMinutes > 59) {
    const example = "2026-11-20 or 2026-11-20T08:30:00Z";
    throw refuse(
      `must be an ISO 8601 date or date-time with offset, such as ${example}, is ${quoted(value)}`,
    );
  }
  // Calls begin on whole milliseconds, so a bound between two of them is the same as the later one.
  const beyondMs = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000 * (sign === "-" ? -1 : 1);
  return localMs - offsetMs + beyondMs;
}

/** `checked` puts the parameter's name to it. */
function refuse(message: string) {
  return invalid({ field: "value", message });
}
