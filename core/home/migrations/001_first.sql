CREATE TABLE datasets (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created  REAL NOT NULL,
    hidden   INTEGER NOT NULL DEFAULT 0  -- deleted by the user, kept readable because runs refer to it
);
CREATE TABLE versions (
    dataset_id  TEXT NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    created     REAL NOT NULL,
    body        TEXT NOT NULL,           -- JSON: tasks, origin, counts, rejected files
    PRIMARY KEY (dataset_id, number)
);
CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    state        TEXT NOT NULL,
    created      REAL NOT NULL,
    started      REAL,
    ended        REAL,
    plan         TEXT NOT NULL,          -- JSON of the plan, validated when it was queued
    plan_hash    TEXT NOT NULL,
    dataset_id   TEXT NOT NULL,
    device       TEXT NOT NULL,          -- cpu, cuda:0 ...: one run at a time on each
    wish         TEXT NOT NULL DEFAULT '',  -- what the user asked for: pause, resume, stop
    lease_owner  TEXT NOT NULL DEFAULT '',  -- the process that carries it out
    lease_until  REAL NOT NULL DEFAULT 0,
    progress     TEXT NOT NULL DEFAULT '{}',  -- JSON: phase, epoch, step, images per second, seconds left, best
    error        TEXT NOT NULL DEFAULT '',  -- the sentence, when it failed
    test_opened  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_state ON runs (state, created);
CREATE INDEX runs_by_dataset ON runs (dataset_id);
CREATE TABLE events (
    run_id  TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    time    REAL NOT NULL,
    kind    TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) WITHOUT ROWID;
CREATE TABLE curves (
    run_id  TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    step    INTEGER NOT NULL,
    value   REAL,
    PRIMARY KEY (run_id, name, step)
) WITHOUT ROWID;
CREATE TABLE calibrations (
    key      TEXT PRIMARY KEY,
    created  REAL NOT NULL,
    body     TEXT NOT NULL
);
