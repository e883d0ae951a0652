"""Tables of the log file, and the format that this program reads.

Rule: rows of `secret` are only appended and never change their length. A row that never moves has one place in the
file, so erasing it is one overwrite in place and rests on no detail of how SQLite moves rows between pages.
"""

from __future__ import annotations

APPLICATION_ID = 0x414D4E41  # "AMNA"
FORMAT = 3

OFFSET_BITS = 40  # 10^12 records per partition

TABLES = """
CREATE TABLE topic(
  name TEXT PRIMARY KEY NOT NULL,
  partitions INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- one row per partition: what is kept, `first` to `next` - 1, and the time of its last batch
CREATE TABLE part(
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  first INTEGER NOT NULL DEFAULT 0,
  next INTEGER NOT NULL DEFAULT 0,
  time INTEGER NOT NULL DEFAULT 0,
  UNIQUE(topic, partition)
) STRICT;

-- place = part.id << 40 | base offset
CREATE TABLE batch(
  place INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  time INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE secret(
  n INTEGER PRIMARY KEY,
  wrapped BLOB NOT NULL
) STRICT;

-- whatever has or had a secret: key and tail are the two halves of its id; time and digest are an admitted message's
CREATE TABLE known(
  key BLOB PRIMARY KEY NOT NULL,
  tail BLOB NOT NULL,
  secret INTEGER,
  time INTEGER,
  digest BLOB,
  repeats INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- natural keys, each with the first message that brought it
CREATE TABLE seen(
  key BLOB PRIMARY KEY NOT NULL,
  message BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- request ids, each with the first message that brought it and with its bytes, as the id of their first occurrence
CREATE TABLE request(
  key BLOB PRIMARY KEY NOT NULL,
  first BLOB NOT NULL,
  message BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- the last message per system and code under the window rule
CREATE TABLE latest(
  scope BLOB PRIMARY KEY NOT NULL,
  first BLOB NOT NULL,
  message BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- done = 0: the secret is gone from the tables, but the WAL may still hold it
CREATE TABLE erasure(
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  time INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0
) STRICT;
"""
