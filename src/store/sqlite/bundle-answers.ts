/**
 * What questions found in whole bundles and shelves, remembered: segments never change, so neither does what the same ones answer.
 *
 * Whoever watches a dashboard asks the same again and again, of which only the latest calls differ. Bounds: the bytes
 * that it is made with; the question that was asked longest ago goes first, and one that does not fit by itself is
 * remembered as far as it fits.
 */
import type { Bundle } from "./bundles.ts";

/** Of an answer and of a question, besides what they hold; roughly. */
const overheadBytes = 256;

interface Remembered<Answer> {
  readonly segments: number;
  readonly newestId: number;
  readonly answer: Answer;
  readonly bytes: number;
}

interface AnsweredQuestion {
  readonly byBundle: Map<string, Remembered<unknown>>;
  bytes: number;
}

/** Those of one question. */
export interface AnswersTo<Answer> {
  /** `undefined` when the bundle was not asked, or has other segments by now. */
  recall(bundle: Bundle): Answer | undefined;
  remember(bundle: Bundle, answer: Answer, bytes: number): void;
  forget(bundle: Bundle): void;
}

export class BundleAnswers {
  readonly #bytesMax: number;
  /** The one that was asked last comes last. */
  readonly #questions = new Map<string, AnsweredQuestion>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Questions with the same name have answers of one type, and the same for the same segments. */
  to<Answer>(question: string): AnswersTo<Answer> {
    const asked = this.#questions.get(question);
    if (asked) this.#askedLast(question, asked);
    return {
      recall: ({ name, segments, newestId }) => {
        const known = this.#questions.get(question)?.byBundle.get(name);
        const isSame = known?.segments === segments && known.newestId === newestId;
        return isSame ? (known.answer as Answer) : undefined;
      },
      remember: (bundle, answer, bytes) => {
        this.#remember(question, bundle, { answer, bytes: bytes + overheadBytes });
      },
      forget: ({ name }) => {
        const asked = this.#questions.get(question);
        const known = asked?.byBundle.get(name);
        if (!asked || !known) return;
        asked.byBundle.delete(name);
        this.#add(asked, -known.bytes);
      },
    };
  }

  forget(): void {
    this.#questions.clear();
    this.#bytes = 0;
  }

  #remember(
    question: string,
    { name, segments, newestId }: Bundle,
    { answer, bytes }: { answer: unknown; bytes: number },
  ): void {
    const asked = this.#questions.get(question) ?? this.#begun(question);
    this.#add(asked, bytes - (asked.byBundle.get(name)?.bytes ?? 0));
    asked.byBundle.set(name, { segments, newestId, answer, bytes });
    for (const [oldest, { bytes: freed }] of this.#questions) {
      if (this.#bytes <= this.#bytesMax) return;
      if (oldest === question) break;
      this.#questions.delete(oldest);
      this.#bytes -= freed;
    }
    if (this.#bytes <= this.#bytesMax) return;
    asked.byBundle.delete(name);
    this.#add(asked, -bytes);
  }

  #begun(question: string): AnsweredQuestion {
    const asked = { byBundle: new Map(), bytes: 0 };
    this.#add(asked, question.length * 2 + overheadBytes);
    this.#askedLast(question, asked);
    return asked;
  }

  #askedLast(question: string, asked: AnsweredQuestion): void {
    this.#questions.delete(question);
    this.#questions.set(question, asked);
  }

  #add(asked: AnsweredQuestion, bytes: number): void {
    asked.bytes += bytes;
    this.#bytes += bytes;
  }
}
