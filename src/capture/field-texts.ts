/**
 * Header fields of requests, read from the texts that slabs have of them.
 *
 * Clients repeat themselves: fields that were read before are the same array again, so that what is made of them need not be
 * made anew, nor be copied for each call of a batch. Bounds: `textsMax` texts of at most `textMaxLength` characters are remembered.
 */
import { detach } from "./detach.ts";

const textsMax = 512;
const textMaxLength = 2_048;

export class FieldTexts {
  readonly #known = new Map<string, readonly string[]>();

  /** Names and values alternating; `text`: the same with NUL between them. */
  read(text: string): readonly string[] {
    if (text.length > textMaxLength) return text.split("\0");
    const known = this.#known.get(text);
    if (known) return known;
    if (this.#known.size >= textsMax) this.#known.clear();
    const own = detach(text);
    const fields = own.split("\0");
    this.#known.set(own, fields);
    return fields;
  }
}
