/** What bounds an exchange beside its configuration: each with its unit and the reason for its value. */

/** A handshake takes two round trips; a server that has not answered after this is not there. */
export const connectTimeoutMs = 5_000;

/** Request bytes kept until the answer's head, only to echo the id of a request in a failure of ours. */
export const echoMaxBytes = 65_536;

/** How long a refusal waits for the rest of a body that would tell the id to echo. */
export const echoWaitMs = 2_000;

/** A client whose body comes slower than this, over `uploadSpanMs`, gets 408: it holds an upstream connection. */
export const uploadBytesPerSecondMin = 1_024;

/** How long a body may come slowly, or not at all. */
export const uploadSpanMs = 15_000;

/** A client that takes nothing of its answer for so long is cut off; it holds an upstream connection. */
export const readerStallMs = 60_000;

/** After an answer that came before the end of the request: how long the rest is read and thrown away, so
 * that the client reads the answer instead of a reset (RFC 9112, 9.6). */
export const lingerMs = 5_000;

/** Heads of answers beyond this are refused: Node clients stop at 16 KiB, so nobody relies on more. */
export const responseHeadMaxBytes = 32_768;

/** A request body up to this size is copied behind its head, which costs less than a second buffer in the same call. */
export const joinedBodyMaxBytes = 16_384;

/** Open upstream connections of one server; the process has 9,000 or so to give. */
export const connectionsPerServerMax = 16_384;

/** An idle upstream connection is used again only so long after its last answer, unless the upstream tells. */
export const keepAliveDefaultMs = 2_000;

/** An upstream that tells is believed up to this, less the margin. */
export const keepAliveMaxMs = 30_000;

/** Below the upstream's own limit by this much, or a request could meet its closing. */
export const keepAliveMarginMs = 1_000;

/** Field names remembered with what to do about them; beyond it they are looked up anew. */
export const knownNamesMax = 2_048;

/** The first event of a legacy stream, held until it is whole: a URL, which nobody writes longer. */
export const endpointEventMaxBytes = 16_384;

/** Redirects of one exchange that are followed, as fetch's clients commonly allow for a chain that stays at home. */
export const redirectsMax = 5;

/** A request body kept until the answer's head, to be sent again where a redirect leads. */
export const replayMaxBytes = 1_048_576;

/** All bodies kept so, beyond the `echoMaxBytes` that each exchange may keep; over it redirects pass to the client. */
export const replayTotalMaxBytes = 67_108_864;

/** The body of a redirect, read so that its connection can be used again; a longer one closes it. */
export const redirectBodyMaxBytes = 65_536;

/** An OAuth metadata document; real ones have 1 to 5 KiB. */
export const metadataMaxBytes = 65_536;

/** All it takes to answer for metadata, several requests of the upstream included; clients give up after 30 s. */
export const metadataTimeoutMs = 10_000;

/** A metadata URL that an upstream has named, remembered for its server. */
export const metadataUrlMaxLength = 2_048;

/** Requests of one client for proxy URLs that do not exist. A typing error makes one, a client that retries some. */
export const missesPerMinute = 30;

/** Clients whose misses are counted. */
export const missClientsMax = 10_000;

/** Exchanges of one server that are open at once before it is looked into whether it leads back here: more than
 * common clients ever have open. */
export const unsuspectedExchangesMax = 64;

/** Answers that ask a client to come again say when: 1 s where something is about to end, 10 s where it may last. */
export const soonSeconds = 1;
export const laterSeconds = 10;

/** Provisional answers (1xx) before one answer: none is passed on, and each takes its time to read. */
export const interimMax = 100;

/** Pieces that a body may come in, whatever their size; each takes as long to read as a thousand bytes. */
export const piecesMax = 4_096;

/** Beyond so many the pieces of a body have at least this size, on average. */
export const pieceMinBytes = 64;
