-- The registry. Takes no time: the file is new. Times are epoch milliseconds; a digest is SHA-256 in lower-case hex.

CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at_ms INTEGER NOT NULL
) STRICT;

-- password_hash: a PHC string; NULL for who signs in elsewhere.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The subject of a provider of single sign-on, and who that is here.
CREATE TABLE identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id),
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_user ON identities (user_id, issuer);

CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX teams_by_age ON teams (created_at_ms, id);

CREATE TABLE memberships (
  team_id TEXT NOT NULL REFERENCES teams (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  role TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_id, created_at_ms, team_id);

-- user_id: who invited.
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

-- Who founded this installation; one row at most.
CREATE TABLE founding (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  user_id TEXT NOT NULL REFERENCES users (id),
  team_id TEXT NOT NULL REFERENCES teams (id)
) STRICT;

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
CREATE INDEX sessions_by_user ON sessions (user_id, created_at_ms, id);
CREATE INDEX sessions_by_end ON sessions (expires_at_ms);

-- Every secret a session has had: one that was replaced and is presented again was stolen.
CREATE TABLE session_secrets (
  secret_digest TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  is_present INTEGER NOT NULL CHECK (is_present IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX session_secrets_by_session ON session_secrets (session_id);

CREATE TABLE sign_in_links (
  secret_digest TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_links_by_user ON sign_in_links (user_id);
CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at_ms);

-- secret_digest: of the whole key. scopes: their names with a blank between them.
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

-- Every slug ever given out: one is never given out again.
CREATE TABLE spent_slugs (
  slug TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- upstream_idle_timeout_ms: NULL for that of the installation.
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

-- Removed here, while the call log may still hold their calls.
CREATE TABLE removed_servers (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- month: such as 2026-11, UTC.
CREATE TABLE usage (
  month TEXT NOT NULL,
  team_id TEXT NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (month, team_id)
) STRICT, WITHOUT ROWID;

-- Append-only. Refers to nothing: it outlives what it speaks of. details: a JSON object; hash: src/store/audit-chain.ts.
-- clock_ms: the latest at_ms of the team up to this entry, so that a span of time is a span of entries. A table with
-- rowids, so that conditions are tested in the indexes: https://www.sqlite.org/opcode.html#DeferredSeek
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
CREATE INDEX audit_by_user ON audit (team_id, user_id, seq, action);
CREATE INDEX audit_by_subject ON audit (team_id, subject_id, seq, action, user_id);
CREATE INDEX audit_by_clock ON audit (team_id, clock_ms, seq);

CREATE TRIGGER audit_keeps_entries BEFORE DELETE ON audit BEGIN
  SELECT raise(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit BEGIN
  SELECT raise(ABORT, 'the audit log is append-only');
END;
-- Also refuses INSERT OR REPLACE, for which SQLite fires no DELETE trigger.
CREATE TRIGGER audit_counts_up BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit WHERE team_id = NEW.team_id)
  OR EXISTS (SELECT 1 FROM audit WHERE rowid = NEW.rowid) BEGIN
  SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;
