/** What a session sent, kept in memory so that a client may come back with `Last-Event-ID` (SEP-1699). */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

interface StoredEvent {
  readonly id: string;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
}

export function createEventStore(): EventStore {
  const events: StoredEvent[] = [];
  return {
    async storeEvent(streamId, message) {
      const id = `${streamId}_${events.length}`;
      events.push({ id, streamId, message });
      return id;
    },
    async getStreamIdForEventId(id) {
      return events.find((event) => event.id === id)?.streamId;
    },
    async replayEventsAfter(lastId, { send }) {
      const last = events.findIndex((event) => event.id === lastId);
      const streamId = events[last]?.streamId ?? "";
      for (const event of events.slice(last + 1)) {
        // A priming event has an id and no message.
        if (event.streamId !== streamId || !("jsonrpc" in event.message)) continue;
        await send(event.id, event.message);
      }
      return streamId;
    },
  };
}
