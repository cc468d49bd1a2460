-- calls

CREATE TABLE arrivals (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  next_seq INTEGER NOT NULL
) STRICT;

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

CREATE INDEX blocks_small ON blocks (first_seq, last_seq, calls, raw_bytes)
  WHERE calls < 64 AND raw_bytes < 524288;

CREATE INDEX blocks_with_bodies ON blocks (bodies_from_ms) WHERE bodies_from_ms IS NOT NULL;

CREATE TABLE ids (
  id BLOB PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE names (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  used_until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE removed_servers (
  team_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  swept INTEGER NOT NULL,
  PRIMARY KEY (team_id, server_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX removed_servers_unswept ON removed_servers (team_id) WHERE swept = 0;

CREATE TABLE segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  min_started_ms INTEGER NOT NULL,
  max_started_ms INTEGER NOT NULL,
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
  ON segments (first_seq, last_seq, calls, min_started_ms, max_started_ms);

CREATE INDEX segments_by_start
  ON segments (max_started_ms, min_started_ms, calls, first_seq, last_seq);

-- registry

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  secret_digest TEXT NOT NULL UNIQUE,
  last_four TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_team ON api_keys (team_id, created_at_ms, id);

CREATE TABLE founding (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  user_id TEXT NOT NULL REFERENCES users (id),
  team_id TEXT NOT NULL REFERENCES teams (id)
) STRICT;

CREATE TABLE memberships (
  team_id TEXT NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE removed_servers (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE servers (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  slug TEXT NOT NULL UNIQUE REFERENCES spent_slugs (slug),
  name TEXT NOT NULL,
  target_url TEXT NOT NULL,
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX servers_by_team ON servers (team_id, created_at_ms, id);

CREATE TABLE spent_slugs (
  slug TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
