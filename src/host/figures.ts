/** The host's figures under the names they have in `/metrics`. */
import type { CaptureStats } from "../capture/capture.ts";
import type { ForwarderStats } from "../proxy/forwarder.ts";
import type { DataPlanes } from "./data-planes.ts";
import type { Figure, NumberFigure, SpanFigure } from "./metrics-page.ts";
import type { PlaneStats } from "./plane-messages.ts";
import type { RecorderStatistics } from "./recorder-statistics.ts";

/** `planes`: of all data planes; `others`: those beside the main thread, if there are any. */
export function figures(
  { edge, proxy, slabs }: PlaneStats,
  recorder: RecorderStatistics,
  reader: { readonly deaths: number; readonly busyMs: number },
  others?: Pick<DataPlanes, "deaths" | "busyMs" | "exchanges">,
): readonly Figure[] {
  return [
    counter("reader_deaths_total", reader.deaths, "Times the reader died and was replaced."),
    threadFigure({ ...recorder.busyMs, reader: reader.busyMs, ...others?.busyMs }),
    ...(others ? planeFigures(others) : []),
    ...edgeFigures(edge),
    ...proxyFigures(proxy),
    ...seenFigures({ ...recorder, slabs }),
    ...(recorder.capture ? captureFigures(recorder.capture) : []),
    ...callFigures(recorder),
    ...storeFigures(recorder),
  ];
}

/** Beside the thread that serves: those whose time is told, milliseconds. */
function threadFigure(others: Readonly<Record<string, number>>): Figure {
  const all = { main: performance.eventLoopUtilization().active, ...others };
  const seconds = Object.entries(all).map(([thread, ms]) => [thread, ms / 1_000]);
  const help = "Time that event loops were not idle; from 0 again for a thread that was replaced.";
  return counter("thread_busy_seconds_total", by("thread", Object.fromEntries(seconds)), help);
}

function planeFigures({ deaths, exchanges }: Pick<DataPlanes, "deaths" | "exchanges">): Figure[] {
  const share = by("plane", exchanges);
  return [
    counter("data_plane_deaths_total", deaths, "Times a data plane died and was replaced."),
    counter("data_plane_exchanges_total", share, "Exchanges by the data plane that took them."),
  ];
}

function edgeFigures({ openConnections, refusedConnections }: PlaneStats["edge"]): Figure[] {
  return [
    gauge("connections_open", openConnections, "Client connections that are open."),
    counter("connections_refused_total", refusedConnections, "Client connections over the limit."),
  ];
}

function proxyFigures(proxy: ForwarderStats): Figure[] {
  const { exchanges, openExchanges, requestBytes, responseBytes, failures } = proxy;
  const { pools, idleConnections, busyConnections, connectionsMade, witnessFaults } = proxy;
  const { duration, firstByte, overhead } = proxy.spans;
  return [
    counter("exchanges_total", by("outcome", exchanges), "Exchanges by how they ended."),
    gauge("exchanges_open", openExchanges, "Exchanges that run."),
    counter("exchange_request_bytes_total", requestBytes, "Bytes of request bodies forwarded."),
    counter("exchange_response_bytes_total", responseBytes, "Bytes of answers forwarded."),
    counter("proxy_failures_total", by("reason", failures), "Answers of the proxy's own."),
    gauge("upstream_pools", pools, "Servers with connections, or with some a while ago."),
    gauge("upstream_idle_connections", idleConnections, "Connections kept for reuse."),
    gauge("upstream_busy_connections", busyConnections, "Connections in use, or being made."),
    counter("upstream_connections_total", connectionsMade, "Connections made for exchanges."),
    spans("exchange_duration_seconds", duration, "Of exchanges with upstreams, GET excepted."),
    spans("exchange_first_byte_seconds", firstByte, "Until the upstream's answer began."),
    spans("exchange_overhead_seconds", overhead, "What the proxy added to an exchange."),
    counter("witness_faults_total", witnessFaults, "Exchanges lost from sight by a bug."),
  ];
}

function seenFigures({ slabs, lostBytes, lostExchanges, deaths }: RecorderStatistics): Figure[] {
  const { callsNotCaptured, exchangesSeen, bodyBytesSkipped, backlogBytes } = slabs;
  const exchangesDropped = { ...slabs.exchangesDropped, recorder_died: lostExchanges };
  return [
    counter("exchanges_seen_total", exchangesSeen, "Exchanges that capture began to see."),
    counter("calls_not_captured_total", callsNotCaptured, "Exchanges at the capture level off."),
    counter("exchanges_dropped_total", by("reason", exchangesDropped), "Exchanges not seen."),
    counter("body_bytes_skipped_total", by("reason", bodyBytesSkipped), "Body bytes not seen."),
    gauge("capture_backlog_bytes", backlogBytes, "Bytes the recorder has not read yet."),
    counter("capture_lost_bytes_total", lostBytes, "Bytes that no recorder has read."),
    counter("recorder_deaths_total", deaths, "Times the recorder died and was replaced."),
  ];
}

function captureFigures(capture: CaptureStats): Figure[] {
  return [
    counter("capture_faults_total", capture.faults, "Exchanges no longer read because of a bug."),
    counter("capture_torn_slabs_total", capture.tornSlabs, "Slabs not read to their end."),
    counter("capture_stray_records_total", capture.strayRecords, "Records of unknown exchanges."),
    counter("answers_unmatched_total", capture.answersUnmatched, "Answers to nothing known."),
    counter("events_garbled_total", capture.eventsGarbled, "Events that are no JSON-RPC."),
    counter("batch_members_dropped_total", capture.batchMembersDropped, "Over the limit."),
    counter(
      "transcript_messages_dropped_total",
      capture.transcriptMessagesDropped,
      "Over the limit.",
    ),
    counter("requests_evicted_total", capture.requestsEvicted, "Requests given up over the limit."),
    gauge("requests_pending", capture.requestsPending, "Requests whose answer has not come."),
    gauge("rounds_known", capture.rounds, "Answers that asked for more input, remembered."),
    gauge("sessions_known", capture.sessions, "Sessions remembered by capture."),
  ];
}

function callFigures({ account, lostByServer, lossesUntold }: RecorderStatistics): Figure[] {
  const { accepted, recovered, recoveredKnown, stored, bodiesShed, discarded, dropped } = account;
  return [
    counter("calls_accepted_total", accepted, "Calls that capture made, and recovered ones."),
    counter("calls_recovered_total", recovered, "Of the accepted: left by an earlier process."),
    counter(
      "calls_recovered_known_total",
      recoveredKnown,
      "Left by an earlier process that had stored them already; not accepted again.",
    ),
    counter("calls_stored_total", stored, "Calls stored whole."),
    counter("calls_bodies_shed_total", bodiesShed, "Calls stored without their bodies."),
    counter("calls_discarded_total", discarded, "Calls of servers deleted while they ran."),
    counter("calls_dropped_total", by("reason", dropped), "Calls lost."),
    counter(
      "calls_lost_by_server_total",
      by("server_id", lostByServer),
      "Calls and exchanges lost, of the first 50 servers that lost any and of all others.",
    ),
    counter("calls_lost_untold_total", lossesUntold, "Lost calls that no loss in the log names."),
    gauge("calls_pending_memory", account.pendingMemory, "Calls in memory on their way."),
    gauge("calls_pending_spilled", account.pendingSpill, "Calls of this process in the spill."),
  ];
}

function storeFigures(recorder: RecorderStatistics): Figure[] {
  const { account, arrears, spill, durableWaitsGivenUp, writerDeaths } = recorder;
  return [
    counter("store_failures_total", account.storeFailures, "Batches the call log did not take."),
    gauge(
      "store_silent_seconds",
      arrears.silentMs / 1_000,
      "Since a batch was taken, if any waits.",
    ),
    gauge("oldest_unsaved_seconds", arrears.oldestMs / 1_000, "Age of the oldest call not stored."),
    gauge("spill_files", spill.files, "Files of calls that wait for the store."),
    gauge("spill_bytes", spill.bytes, "Their size."),
    counter("spill_failures_total", account.spillFailures, "Writes that a spill file failed."),
    counter(
      "durable_waits_given_up_total",
      durableWaitsGivenUp,
      "Answers that ended before their call was durable, though told to wait.",
    ),
    counter("writer_deaths_total", writerDeaths, "Times the writer died and was replaced."),
  ];
}

function counter(name: string, value: NumberFigure["value"], help: string): Figure {
  return { name: `hookwatch_${name}`, help, kind: "counter", value };
}

function gauge(name: string, value: NumberFigure["value"], help: string): Figure {
  return { name: `hookwatch_${name}`, help, kind: "gauge", value };
}

function spans(name: string, value: SpanFigure["value"], help: string): Figure {
  return { name: `hookwatch_${name}`, help, kind: "histogram", value };
}

function by(label: string, values: Readonly<Record<string, number>>): NumberFigure["value"] {
  return { label, values };
}
