-- The call log. Takes no time: the file is new.
--
-- A call rests in two parts. `segments` hold what is filtered, ordered and counted, column by column, for up to
-- 8,192 calls at a time, so that a question reads the few columns it needs, as arrays. `blocks` hold
-- everything else of up to 128 calls at a time, compressed together: less to write, hence faster and smaller
-- than a body a row.

CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at_ms INTEGER NOT NULL
) STRICT;

-- The seq of the next call: its number in the order of arrival, never used twice, also when the newest call
-- is removed.
CREATE TABLE arrivals (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  next_seq INTEGER NOT NULL
) STRICT;
INSERT INTO arrivals VALUES (1, 0);

-- Every repeated text of `segments`, once for each team: teams keep their calls for different times. `team` is the id
-- of the team's own name, and 0 for the names of teams. No call that uses a name started at or after used_until_ms,
-- so retention may drop it then. An id is never used twice: readers remember them.
CREATE TABLE names (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team INTEGER NOT NULL,
  name TEXT NOT NULL,
  used_until_ms INTEGER NOT NULL,
  UNIQUE (team, name)
) STRICT;

-- The calls from first_seq to last_seq, in the order of lists: by start, then by id. Spans do not overlap. A
-- segment never changes: it is replaced by one with another id, which is never used twice, so
-- that readers may keep what they have read. The forms of the columns are in column.ts, what they hold
-- in segment.ts; those that are asked for most come first, since reading one passes over those before it.
-- session_filter: which sessions it may hold (id-filter.ts).
CREATE TABLE segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  min_started_ms INTEGER NOT NULL,
  max_started_ms INTEGER NOT NULL,
  min_duration_ms INTEGER NOT NULL,
  max_duration_ms INTEGER NOT NULL,
  session_filter BLOB NOT NULL,
  team BLOB NOT NULL,
  parent BLOB NOT NULL,
  logical BLOB NOT NULL,
  server BLOB NOT NULL,
  outcome BLOB NOT NULL,
  tool BLOB NOT NULL,
  method BLOB NOT NULL,
  client BLOB NOT NULL,
  started BLOB NOT NULL,
  duration BLOB NOT NULL,
  session BLOB NOT NULL,
  seq BLOB NOT NULL,
  tally BLOB NOT NULL,
  ids BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX segments_by_seq
  ON segments (first_seq, last_seq, calls, min_started_ms, max_started_ms, min_duration_ms, max_duration_ms);
CREATE INDEX segments_by_start
  ON segments (max_started_ms, min_started_ms, calls, first_seq, last_seq, min_duration_ms, max_duration_ms);

-- Where the call of an id is; and that there is but one.
CREATE TABLE ids (
  id BLOB PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The rest of the calls from first_seq to last_seq, as block.ts writes it. Each call lies in the
-- span of exactly one block, each block in the span of one segment. bodies_from_ms: no call that
-- started before it has bodies left; NULL when none of them has. codec: 0 as it is, 1 zstd. raw_bytes: its size
-- as it is. filter: which texts it may hold (text-filter.ts).
CREATE TABLE blocks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  bodies_from_ms INTEGER,
  codec INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  filter BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE INDEX blocks_with_bodies ON blocks (bodies_from_ms) WHERE bodies_from_ms IS NOT NULL;
-- What many small appends leave behind, to be put together.
CREATE INDEX blocks_small ON blocks (first_seq, last_seq, calls, raw_bytes)
  WHERE calls < 64 AND raw_bytes < 524288;

-- What the log knows to be missing, see loss.ts. kind: 0 the whole call, 1 its bodies.
CREATE TABLE losses (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  reason TEXT NOT NULL,
  calls INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX losses_by_team ON losses (team_id, from_ms, id);

-- Servers whose calls are gone and stay out. While swept is 0 calls of theirs still exist, which
-- no answer may show.
CREATE TABLE removed_servers (
  team_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  swept INTEGER NOT NULL,
  PRIMARY KEY (team_id, server_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX removed_servers_unswept ON removed_servers (team_id) WHERE swept = 0;
