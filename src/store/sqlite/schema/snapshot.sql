-- calls

CREATE TABLE arrivals (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  next_seq INTEGER NOT NULL
) STRICT;

CREATE TABLE blocks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  min_started_ms INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE INDEX blocks_by_start ON blocks (min_started_ms);

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

CREATE INDEX calls_by_logical ON calls (team, logical, started_ms) WHERE logical IS NOT NULL;

CREATE INDEX calls_by_method ON calls (team, method, started_ms) WHERE method <> 2;

CREATE INDEX calls_by_parent ON calls (team, parent, started_ms) WHERE parent IS NOT NULL;

CREATE INDEX calls_by_server ON calls (team, server, started_ms);

CREATE INDEX calls_by_session ON calls (team, session, started_ms) WHERE session <> 1;

CREATE INDEX calls_by_status ON calls (team, status, started_ms) WHERE status <> 0;

CREATE INDEX calls_by_team ON calls (team, started_ms);

CREATE INDEX calls_by_tool ON calls (team, tool, started_ms) WHERE tool <> 1;

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
