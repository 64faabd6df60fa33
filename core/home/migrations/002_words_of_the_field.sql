ALTER TABLE runs RENAME COLUMN wish TO requested_action;
