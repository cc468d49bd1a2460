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
  team INTEGER NOT NULL,
  name TEXT NOT NULL,
  used_until_ms INTEGER NOT NULL,
  UNIQUE (team, name)
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

-- registry

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  secret_digest TEXT NOT NULL UNIQUE,
  last_four TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  last_used_at_ms INTEGER,
  last_used_ip TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_team ON api_keys (team_id, created_at_ms, id);

CREATE TABLE audit (
  team_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  action TEXT NOT NULL,
  user_id TEXT,
  credential_id TEXT,
  source_ip TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  details TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  clock_ms INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (team_id, seq)
) STRICT;

CREATE INDEX audit_by_action ON audit (team_id, action, seq);

CREATE INDEX audit_by_clock ON audit (team_id, clock_ms, seq);

CREATE INDEX audit_by_subject ON audit (team_id, subject_id, seq, action, user_id);

CREATE INDEX audit_by_user ON audit (team_id, user_id, seq, action);

CREATE TRIGGER audit_counts_up BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit WHERE team_id = NEW.team_id)
  OR EXISTS (SELECT 1 FROM audit WHERE rowid = NEW.rowid) BEGIN
  SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_keeps_entries BEFORE DELETE ON audit BEGIN
  SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit BEGIN
  SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TABLE founding (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  user_id TEXT NOT NULL REFERENCES users (id),
  team_id TEXT NOT NULL REFERENCES teams (id)
) STRICT;

CREATE TABLE identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_user ON identities (user_id, issuer);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL REFERENCES teams (id),
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
  user_id TEXT NOT NULL REFERENCES users (id),
  secret_digest TEXT NOT NULL UNIQUE,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  UNIQUE (team_id, email)
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
  team_id TEXT NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_user ON memberships (user_id, created_at_ms, team_id);

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
  capture_level TEXT NOT NULL CHECK (capture_level IN ('off', 'metadata', 'redacted', 'full')),
  upstream_idle_timeout_ms INTEGER,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX servers_by_team ON servers (team_id, created_at_ms, id);

CREATE TABLE session_secrets (
  secret_digest TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  is_present INTEGER NOT NULL CHECK (is_present IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX session_secrets_by_session ON session_secrets (session_id);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  team_id TEXT NOT NULL REFERENCES teams (id),
  kind TEXT NOT NULL CHECK (kind IN ('token', 'cookie')),
  source_ip TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_end ON sessions (expires_at_ms);

CREATE INDEX sessions_by_user ON sessions (user_id, created_at_ms, id);

CREATE TABLE sign_in_links (
  secret_digest TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at_ms);

CREATE INDEX sign_in_links_by_user ON sign_in_links (user_id);

CREATE TABLE spent_slugs (
  slug TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX teams_by_age ON teams (created_at_ms, id);

CREATE TABLE usage (
  month TEXT NOT NULL,
  team_id TEXT NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (month, team_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
