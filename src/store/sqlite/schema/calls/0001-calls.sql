-- The call log. Takes no time: the file is new.
--
-- A call rests in two parts. `calls` holds what is filtered, ordered and counted, narrow, so that
-- lists, counts and metrics walk little. `blocks` holds everything else of up to 128 calls at a
-- time, compressed together: less to write, hence faster and smaller than a body a row.

CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at_ms INTEGER NOT NULL
) STRICT;

-- The next value of calls.seq: arrival order, never used twice, also when the newest call is removed.
CREATE TABLE arrivals (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  next_seq INTEGER NOT NULL
) STRICT;
INSERT INTO arrivals VALUES (1, 1);

-- Every repeated text of `calls`, once. No call that uses a name started at or after used_until_ms,
-- so retention may drop it then. An id is never used twice: readers remember them.
CREATE TABLE names (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  used_until_ms INTEGER NOT NULL
) STRICT;
-- 1 and 2 appear in the conditions of the indexes below. They are never dropped.
INSERT INTO names VALUES (1, '', 9007199254740991), (2, 'tools/call', 9007199254740991);

-- team, server, method, tool, session and client are ids of `names`; the codes of kind,
-- direction, status and error_kind are in call-row.ts. parent and logical are ids of calls; parent is
-- NULL without one, logical where it is the call's own id, as nearly always.
CREATE TABLE calls (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  team INTEGER NOT NULL,
  server INTEGER NOT NULL,
  method INTEGER NOT NULL,
  tool INTEGER NOT NULL,
  session INTEGER NOT NULL,
  parent BLOB,
  logical BLOB,
  client INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  direction INTEGER NOT NULL,
  status INTEGER NOT NULL,
  error_kind INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX calls_by_id ON calls (id);
-- Lists are ordered by started_ms, then id. The index holds only the first: calls of one
-- millisecond are few, and sixteen bytes a row in each index are many.
CREATE INDEX calls_by_team ON calls (team, started_ms);
CREATE INDEX calls_by_server ON calls (team, server, started_ms);
CREATE INDEX calls_by_tool ON calls (team, tool, started_ms) WHERE tool <> 1;
CREATE INDEX calls_by_method ON calls (team, method, started_ms) WHERE method <> 2;
CREATE INDEX calls_by_session ON calls (team, session, started_ms) WHERE session <> 1;
CREATE INDEX calls_by_parent ON calls (team, parent, started_ms) WHERE parent IS NOT NULL;
CREATE INDEX calls_by_logical ON calls (team, logical, started_ms) WHERE logical IS NOT NULL;
CREATE INDEX calls_by_status ON calls (team, status, started_ms) WHERE status <> 0;

-- The rest of the calls from first_seq to last_seq, as block.ts writes it. Each call lies in the
-- span of exactly one block. codec: 0 as it is, 1 zstd. raw_bytes: its size as it is.
CREATE TABLE blocks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  min_started_ms INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- Retention goes block by block, oldest first.
CREATE INDEX blocks_by_start ON blocks (min_started_ms);

-- Servers whose calls are gone and stay out. While swept is 0 rows of theirs still exist, which
-- no answer may show.
CREATE TABLE removed_servers (
  team_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  swept INTEGER NOT NULL,
  PRIMARY KEY (team_id, server_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX removed_servers_unswept ON removed_servers (team_id) WHERE swept = 0;
