-- tags: JSON, a list of words; note: text. Both are the user's, to find a run by.
ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''
