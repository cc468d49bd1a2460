/** Text as tools answer it: prose and records, of a vocabulary in which few words are common and most are rare. */
import { type Random, randomOf } from "./random.ts";

/** In the text of one of some 25,000 calls with full bodies. */
export const rareWord = "zanzibar";
export const absentWord = "xylograph";

const rareWordShare = 1 / 2_000_000;

const common =
  "the city weather forecast report status open closed issue pull_request branch commit merge review author title number label comment created updated repository owner search result page total query filter customer invoice amount currency payment method date due paid pending failed retry warning message account email address phone".split(
    " ",
  );
/** Some words mostly come together. */
const words: readonly string[] = [
  ...common.map((one) => one.replace("_", " ")),
  ...inventedWords(6_000),
];

/** About so many characters. No quotes or backslashes, so that it may stand in JSON as it is. */
export function proseOf(length: number, random: Random): string {
  let text = "";
  while (text.length < length) text += `${word(random)} `;
  return text;
}

/** A table of records as JSON, as most tools answer it. */
export function recordsOf(length: number, random: Random): string {
  let text = "[";
  while (text.length < length) {
    text += `${text === "[" ? "" : ","}{"id":${1_000_000 + random.below(9_000_000)},"title":"${word(random)} ${word(random)} ${word(random)}","state":"${random.next() < 0.7 ? "open" : "closed"}","author":{"login":"${word(random)}${random.below(100)}"},"comments":${random.skewed(50)},"created_at":"2026-0${1 + random.below(9)}-1${random.below(10)}T0${random.below(10)}:${10 + random.below(50)}:00Z"}`;
  }
  return `${text}]`;
}

/** The frequency of a word falls with its rank, about as in real text. */
function word(random: Random): string {
  const dice = random.next();
  if (dice < rareWordShare) return rareWord;
  if (dice > 0.92) return String(random.below(100_000));
  return words[Math.floor(words.length * (dice / 0.92) ** 6)] ?? "";
}

function inventedWords(count: number): string[] {
  const random = randomOf(7);
  const syllables =
    "ka re to mi sa lu den vor ist an el po ti ra ne gos qua ber lin mar tes fi".split(" ");
  return Array.from({ length: count }, () => {
    let text = "";
    for (let at = 2 + random.below(3); at > 0; at -= 1)
      text += syllables[random.below(syllables.length)] ?? "";
    return text;
  });
}
