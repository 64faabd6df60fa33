-- as lease_until, by the clock that nobody sets: seconds since the owner's machine started
ALTER TABLE runs ADD COLUMN lease_monotonic REAL;
-- that processes worked on it, pauses included; NULL for runs of before
ALTER TABLE runs ADD COLUMN seconds REAL;
