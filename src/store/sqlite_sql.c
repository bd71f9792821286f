/* weir's own tables in a service's database, beside the service's, and the statements on them, as SQLite has them.
 *
 *   weir_meta       outbox.id: a UUID made with the database; outbox.sequence: the last number given; clock: clock.c
 *   weir_inbox      one row a partition: the offset to read next, the epoch of who owns the partition, and the id of the
 *                   topic in which that offset counts (NULL: not known, as with brokers that have none)
 *   weir_senders    one row a sender's outbox and partition: the highest number handled (for people), the floor below
 *                   which all count as handled, the numbers above it that were, as service/handled.c writes them, and
 *                   when the last one was
 *   weir_seen       ids of events whose sender numbers nothing, for a window of time
 *   weir_outbox     events to publish, in commit order; gone once acknowledged. What state means: outbox_table.c
 *   weir_outbox_inserts  events that other programs insert, to be moved to weir_outbox: service/outbox_inserts.c
 *   weir_set_aside  records that could not be published and that an operator decides about
 *   weir_parked     events whose key waits, in order; queue is their topic and key; attempts of those that wait behind
 *                   another are 0
 *   weir_answers    what was answered to commands that came with an Idempotency-Key: service/idempotency.c
 *   weir_timers     what is to happen later: service/timers.c. kind 0 a timer, 1 a schedule; due_ms by the wall clock if
 *                   is_at, else by the timers' own (service/clock.c); line is a schedule's cron line
 *   weir_attempts   events during whose handling the process died, and how often: attempt.c
 *
 * Columns whose names end in _ms are of the service's own clock (clock.c), except weir_timers', and created_ms, timestamp_ms and
 * parked_ms, which are the wall clock's and only shown.
 *
 * A script is never changed once it was released: the next one brings the tables from there to here. The first is the
 * schema of the first release, in which weir_outbox.frozen held the state as words ("sent to 17") and the queues of
 * weir_parked were called lanes. */
#include "sqlite_int.h"

/* AUTOINCREMENT: a number is never given twice, and ids are made of it. */
#define INSERTS                                                                                                        \
    "CREATE TABLE IF NOT EXISTS weir_outbox_inserts (number INTEGER PRIMARY KEY AUTOINCREMENT, id, aggregatetype "     \
    "TEXT,"                                                                                                            \
    " aggregateid TEXT, type TEXT, payload, topic TEXT, key, headers TEXT, source TEXT, version INTEGER,"              \
    " datacontenttype TEXT, state INTEGER NOT NULL DEFAULT 0, reason TEXT);\n"                                         \
    "CREATE INDEX IF NOT EXISTS weir_outbox_inserts_by_state ON weir_outbox_inserts (state, number);"

const char wr_sqlite_inserts[] = INSERTS;

const char *const wr_sqlite_tables[] = {
    "CREATE TABLE weir_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE weir_inbox (topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,"
    "  epoch INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID;"
    "CREATE TABLE weir_senders (outbox_id TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,"
    "  highest INTEGER NOT NULL, PRIMARY KEY (outbox_id, topic, partition)) WITHOUT ROWID;"
    "CREATE TABLE weir_seen (source TEXT NOT NULL, id TEXT NOT NULL, seen_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (source, id)) WITHOUT ROWID;"
    "CREATE INDEX weir_seen_by_time ON weir_seen (seen_ms);"
    "CREATE TABLE weir_outbox (sequence INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB, value BLOB, headers BLOB,"
    "  created_ms INTEGER NOT NULL, frozen TEXT);"
    "CREATE TABLE weir_parked (id INTEGER PRIMARY KEY, lane BLOB NOT NULL, topic TEXT NOT NULL,"
    "  partition INTEGER NOT NULL, record_offset INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL, key BLOB, value BLOB,"
    "  headers BLOB, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, reason TEXT, parked_ms INTEGER NOT NULL);"
    "CREATE INDEX weir_parked_by_lane ON weir_parked (lane, id);",

    "ALTER TABLE weir_outbox ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE weir_outbox ADD COLUMN sent_to INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE weir_outbox ADD COLUMN reason TEXT;"
    "UPDATE weir_outbox SET state = 1, reason = 'refused', sent_to = CAST(substr(frozen, 9) AS INTEGER)"
    "  WHERE frozen IS NOT NULL;"
    "ALTER TABLE weir_outbox DROP COLUMN frozen;"
    "CREATE INDEX weir_outbox_not_published ON weir_outbox (topic, key, sequence) WHERE state <> 0;"
    "CREATE TABLE weir_set_aside (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB, value BLOB, headers BLOB,"
    "  created_ms INTEGER NOT NULL, reason TEXT NOT NULL, again INTEGER NOT NULL DEFAULT 0);"
    "ALTER TABLE weir_senders ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX weir_senders_by_time ON weir_senders (seen_ms);"
    "CREATE TABLE weir_attempts (topic TEXT NOT NULL, partition INTEGER NOT NULL, record_offset INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL, PRIMARY KEY (topic, partition, record_offset)) WITHOUT ROWID;",

    "ALTER TABLE weir_inbox ADD COLUMN topic_id BLOB;",

    "ALTER TABLE weir_parked RENAME COLUMN lane TO queue;"
    "DROP INDEX weir_parked_by_lane;"
    "CREATE INDEX weir_parked_by_queue ON weir_parked (queue, id);",

    "ALTER TABLE weir_senders ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE weir_senders ADD COLUMN above BLOB;"
    "UPDATE weir_senders SET floor = min(highest, 9223372036854775806) + 1;",

    INSERTS,

    "CREATE TABLE weir_answers (key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, "
    "content_type TEXT, location TEXT, headers BLOB, body BLOB, answered_ms INTEGER NOT NULL);"
    "CREATE INDEX weir_answers_by_time ON weir_answers (answered_ms);",

    "CREATE TABLE weir_timers (number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, id TEXT NOT NULL,"
    "  is_at INTEGER NOT NULL, due_ms INTEGER NOT NULL, wanted_ms INTEGER NOT NULL, set_ms INTEGER NOT NULL, topic "
    "TEXT, key BLOB,"
    "  value BLOB, headers BLOB, line TEXT, attempts INTEGER NOT NULL DEFAULT 0, reason TEXT);"
    "CREATE UNIQUE INDEX weir_timers_by_id ON weir_timers (kind, id);"
    "CREATE INDEX weir_timers_by_time ON weir_timers (is_at, due_ms, number);",

    "CREATE INDEX weir_parked_wished ON weir_parked (due_ms) WHERE due_ms < 0;",
    NULL,
};

const char wr_sqlite_books[] =
    "CREATE TABLE IF NOT EXISTS weir_migrations (component TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS weir_migration_scripts (component TEXT NOT NULL, number INTEGER NOT NULL,"
    "  sum TEXT NOT NULL, PRIMARY KEY (component, number)) WITHOUT ROWID";

/* Three that are SQLite's alone: beside min() it takes the other columns from the row that holds the minimum
 * (PARKED_QUEUES), the partial index needs its own condition said (state <> 0), and a + keeps the primary key out of it
 * where the join by topic and key is what is fast (OUTBOX_MARK_BEHIND). */
const char *const wr_sqlite_sql[WR_SQL_COUNT] = {
    [WR_SQL_META_GET] = "SELECT value FROM weir_meta WHERE key = ?1",
    [WR_SQL_META_SET] = "INSERT INTO weir_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = "
                        "excluded.value",
    [WR_SQL_META_ADD] = "INSERT INTO weir_meta (key, value) VALUES (?1, max(0, ?2)) ON CONFLICT (key) DO UPDATE SET "
                        "value = max(0, CAST(value AS INTEGER) + ?2) RETURNING CAST(value AS INTEGER)",
    [WR_SQL_INBOX_TAKE] = "INSERT INTO weir_inbox (topic, partition, next_offset, epoch) VALUES (?1, ?2, -1001, 1) ON "
                          "CONFLICT (topic, partition) DO UPDATE SET epoch = epoch + 1 RETURNING epoch, next_offset, "
                          "topic_id",
    [WR_SQL_INBOX_EPOCH] = "SELECT epoch FROM weir_inbox WHERE topic = ?1 AND partition = ?2",
    [WR_SQL_INBOX_MOVE] = "UPDATE weir_inbox SET next_offset = ?3 WHERE topic = ?1 AND partition = ?2 AND epoch = ?4",
    [WR_SQL_INBOX_SET_TOPIC_ID] =
        "UPDATE weir_inbox SET topic_id = ?3, next_offset = ?4 WHERE topic = ?1 AND partition = ?2",
    [WR_SQL_INBOX_TOPIC_ID] = "SELECT topic_id FROM weir_inbox WHERE topic = ?1 AND partition = ?2",
    [WR_SQL_SEEN_ADD] = "INSERT INTO weir_seen (source, id, seen_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [WR_SQL_SEEN_PRUNE] = "DELETE FROM weir_seen WHERE (source, id) IN (SELECT source, id FROM weir_seen WHERE seen_ms "
                          "< ?1 LIMIT ?2)",
    [WR_SQL_ANSWER_CLAIM] = "INSERT INTO weir_answers (key, fingerprint, status, answered_ms) VALUES (?1, ?2, 0, ?3) "
                            "ON CONFLICT DO NOTHING",
    [WR_SQL_ANSWER_GET] =
        "SELECT fingerprint, status, content_type, location, headers, body FROM weir_answers WHERE key = ?1",
    [WR_SQL_ANSWER_SET] =
        "UPDATE weir_answers SET status = ?2, content_type = ?3, location = ?4, headers = ?5, body = ?6 WHERE key = ?1",
    [WR_SQL_ANSWER_PRUNE] =
        "DELETE FROM weir_answers WHERE key IN (SELECT key FROM weir_answers WHERE answered_ms < ?1 LIMIT ?2)",
    [WR_SQL_SENDER_HANDLED] =
        "SELECT floor, above FROM weir_senders WHERE outbox_id = ?1 AND topic = ?2 AND partition = ?3",
    [WR_SQL_SENDER_SET] = "INSERT INTO weir_senders (outbox_id, topic, partition, highest, floor, above, seen_ms) "
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (outbox_id, topic, partition) DO UPDATE SET "
                          "highest = excluded.highest, floor = excluded.floor, above = excluded.above, seen_ms = "
                          "excluded.seen_ms",
    [WR_SQL_SENDER_ADOPT] = "UPDATE weir_senders SET seen_ms = ?1 WHERE seen_ms = 0",
    [WR_SQL_SENDER_COUNT] = "SELECT count(*) FROM weir_senders",
    [WR_SQL_SENDER_PRUNE] = "DELETE FROM weir_senders WHERE (outbox_id, topic, partition) IN (SELECT outbox_id, topic, "
                            "partition FROM weir_senders WHERE seen_ms < ?1 LIMIT ?2)",
    [WR_SQL_SENDER_DELETE_OLDEST] =
        "DELETE FROM weir_senders WHERE (outbox_id, topic, partition) IN (SELECT outbox_id, topic, "
        "partition FROM weir_senders ORDER BY seen_ms LIMIT ?1)",
    [WR_SQL_OUTBOX_ADD] = "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms) VALUES (?1, ?2, "
                          "?3, ?4, ?5, ?6)",
    [WR_SQL_OUTBOX_LOAD] = "SELECT sequence, topic, key, value, headers, created_ms FROM weir_outbox WHERE sequence > "
                           "?1 AND state = 0 ORDER BY sequence LIMIT ?2",
    [WR_SQL_OUTBOX_DELETE] = "DELETE FROM weir_outbox WHERE sequence >= ?1 AND sequence < ?2 AND state = 0",
    [WR_SQL_OUTBOX_MARK] = "UPDATE weir_outbox SET state = ?2, sent_to = ?3, reason = coalesce(?4, reason) "
                           "WHERE sequence = ?1",
    [WR_SQL_OUTBOX_COUNT] = "SELECT (SELECT count(*) FROM weir_outbox WHERE state <> 0), (SELECT count(*) FROM "
                            "weir_set_aside WHERE again <> 0), (SELECT count(*) FROM weir_set_aside)",
    [WR_SQL_OUTBOX_MARK_BEHIND] =
        "UPDATE weir_outbox SET state = 2 FROM (SELECT topic, key, min(max(sequence, sent_to)) AS last FROM "
        "weir_outbox WHERE state <> 0 AND state <> 2 GROUP BY topic, key) AS refused WHERE weir_outbox.state = 0 AND "
        "refused.topic = weir_outbox.topic AND refused.key = weir_outbox.key AND refused.last < +weir_outbox.sequence",
    [WR_SQL_OUTBOX_RENUMBER] =
        "UPDATE weir_outbox SET sequence = renumbered.new, state = 0, sent_to = 0, reason = NULL "
        "FROM (SELECT sequence AS old, ?1 + row_number() OVER (ORDER BY sequence) - 1 AS new  FROM "
        "weir_outbox WHERE state <> 0) AS renumbered WHERE weir_outbox.sequence = renumbered.old",
    [WR_SQL_OUTBOX_TAKE_BACK] =
        "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms) SELECT ?1 + "
        "row_number() OVER (ORDER BY id) - 1, topic, key, value, headers, created_ms FROM "
        "weir_set_aside WHERE again <> 0",
    [WR_SQL_OUTBOX_DELETE_SKIPPED] = "DELETE FROM weir_outbox WHERE state <> 0 AND state = 3",
    [WR_SQL_OUTBOX_HELD_SKIPPED] =
        "SELECT sequence FROM weir_outbox WHERE state = 0 AND sent_to = -1 ORDER BY sequence LIMIT 1000",
    [WR_SQL_OUTBOX_HELD_SKIP] = "UPDATE weir_outbox SET state = 3 WHERE state = 0 AND sent_to = -1",
    [WR_SQL_OUTBOX_HELD_FORGET] = "UPDATE weir_outbox SET reason = NULL WHERE state = 0 AND reason IS NOT NULL",
    [WR_SQL_OUTBOX_LIST_REFUSED] =
        "SELECT sequence, CASE WHEN state <> 0 THEN state WHEN sent_to = -1 THEN 3 ELSE 4 END, topic, key, reason, "
        "created_ms, coalesce(length(value), 0) FROM weir_outbox WHERE state <> 0 OR reason IS NOT NULL ORDER BY "
        "sequence",
    [WR_SQL_OUTBOX_SKIP] = "UPDATE weir_outbox SET sent_to = CASE WHEN state = 0 THEN -1 ELSE sent_to END, state = "
                           "CASE WHEN state = 0 THEN 0 ELSE 3 END WHERE sequence = ?1 AND (state <> 0 OR reason IS "
                           "NOT NULL)",
    [WR_SQL_OUTBOX_STATUS] =
        "SELECT (SELECT value FROM weir_meta WHERE key = 'outbox.id'), (SELECT value FROM weir_meta WHERE key = "
        "'outbox.sequence'), coalesce(sum(state = 0 AND reason IS NULL), 0), min(CASE WHEN state = 0 THEN created_ms "
        "END), "
        "coalesce(sum(state = 1), 0), coalesce(sum(state = 2), 0), coalesce(sum(state = 3), 0), (SELECT count(*) FROM "
        "weir_set_aside), (SELECT count(*) FROM weir_outbox_inserts WHERE state = 0), (SELECT count(*) FROM "
        "weir_outbox_inserts WHERE state = 1), coalesce(sum(state = 0 AND reason IS NOT NULL), 0) FROM weir_outbox",
    [WR_SQL_OUTBOX_LAG] = "SELECT topic, sum(state = 0 AND reason IS NULL), sum(state <> 0 OR reason IS NOT NULL), "
                          "min(created_ms) FROM weir_outbox GROUP BY "
                          "topic ORDER BY topic",
    [WR_SQL_OUTBOX_ROW] = "SELECT topic, key, value, headers, created_ms, CASE WHEN state <> 0 OR reason IS NULL THEN "
                          "state WHEN sent_to = -1 THEN 3 ELSE 4 END, reason FROM weir_outbox WHERE sequence = ?1",
    [WR_SQL_ASIDE_ADD] = "INSERT INTO weir_set_aside (topic, key, value, headers, created_ms, reason) VALUES (?1, ?2, "
                         "?3, ?4, ?5, ?6) RETURNING id",
    [WR_SQL_ASIDE_ADD_SKIPPED] =
        "INSERT INTO weir_set_aside (topic, key, value, headers, created_ms, reason) SELECT topic, "
        "key, value, headers, created_ms, coalesce(reason, 'skipped') FROM weir_outbox WHERE state "
        "<> 0 AND state = 3",
    [WR_SQL_ASIDE_DELETE_TAKEN] = "DELETE FROM weir_set_aside WHERE again <> 0",
    [WR_SQL_ASIDE_LIST] = "SELECT id, again, topic, key, reason, created_ms, coalesce(length(value), 0) FROM "
                          "weir_set_aside ORDER BY id",
    [WR_SQL_ASIDE_VALUE] = "SELECT value FROM weir_set_aside WHERE id = ?1",
    [WR_SQL_ASIDE_ROW] =
        "SELECT topic, key, value, headers, created_ms, again, reason FROM weir_set_aside WHERE id = ?1",
    [WR_SQL_ASIDE_REQUEUE] = "UPDATE weir_set_aside SET again = 1 WHERE id = ?1",
    [WR_SQL_ASIDE_DELETE] = "DELETE FROM weir_set_aside WHERE id = ?1",
    [WR_SQL_INSERTS_ANY] = "SELECT 1 FROM weir_outbox_inserts WHERE state = 0 LIMIT 1",
    [WR_SQL_INSERTS_TAKE] =
        "SELECT number, id, aggregatetype, aggregateid, type, CASE WHEN length(payload) <= ?3 THEN payload END, topic, "
        "key, headers, source, version, datacontenttype, coalesce(length(payload), 0) FROM weir_outbox_inserts WHERE "
        "state = 0 AND number >= ?1 ORDER BY number LIMIT ?2",
    [WR_SQL_INSERTS_LAST] = "SELECT number FROM weir_outbox_inserts WHERE state = 0 ORDER BY number DESC LIMIT 1",
    [WR_SQL_INSERTS_DELETE] = "DELETE FROM weir_outbox_inserts WHERE number = ?1",
    [WR_SQL_INSERTS_SET_ASIDE] = "UPDATE weir_outbox_inserts SET state = 1, reason = ?2 WHERE number = ?1",
    [WR_SQL_INSERTS_COUNT] = "SELECT (SELECT count(*) FROM weir_outbox_inserts WHERE state = 0), (SELECT count(*) FROM "
                             "weir_outbox_inserts WHERE state = 1)",
    [WR_SQL_INSERTS_LIST_BAD] =
        "SELECT number, state, coalesce(topic, ''), coalesce(key, aggregateid), reason, 0, coalesce(length(payload), "
        "0) FROM weir_outbox_inserts WHERE state = 1 ORDER BY number",
    [WR_SQL_INSERTS_ROW] = "SELECT coalesce(topic, ''), coalesce(key, aggregateid), payload, headers, 0, state, reason "
                           "FROM weir_outbox_inserts WHERE number = ?1",
    [WR_SQL_INSERTS_VALUE] = "SELECT payload FROM weir_outbox_inserts WHERE number = ?1 AND state = 1",
    [WR_SQL_INSERTS_REQUEUE] =
        "UPDATE weir_outbox_inserts SET state = 0, reason = NULL WHERE number = ?1 AND state = 1",
    [WR_SQL_INSERTS_REMOVE] = "DELETE FROM weir_outbox_inserts WHERE number = ?1 AND state = 1",
    [WR_SQL_PARKED_ADD] = "INSERT INTO weir_parked (queue, topic, partition, record_offset, timestamp_ms, key, value, "
                          "headers, attempts, due_ms, reason, parked_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                          "?10, ?11, ?12)",
    [WR_SQL_PARKED_QUEUES] = "SELECT queue, count(*), due_ms, min(id) FROM weir_parked GROUP BY queue",
    [WR_SQL_PARKED_HEAD] = "SELECT id, attempts, topic, partition, record_offset, timestamp_ms, key, value, headers, "
                           "due_ms FROM weir_parked WHERE queue = ?1 ORDER BY id LIMIT 1",
    [WR_SQL_PARKED_WISHED] = "SELECT queue FROM weir_parked WHERE due_ms < 0 LIMIT 1000",
    [WR_SQL_PARKED_WISH] = "UPDATE weir_parked SET due_ms = ?2 WHERE id = ?1 AND id = (SELECT min(id) FROM weir_parked "
                           "AS other WHERE other.queue = weir_parked.queue)",
    [WR_SQL_PARKED_WISH_ALL] = "UPDATE weir_parked SET due_ms = ?1 WHERE due_ms <> -2 AND id = (SELECT min(id) FROM "
                               "weir_parked AS other WHERE other.queue = weir_parked.queue)",
    [WR_SQL_PARKED_KEYS] = "SELECT min(id), topic, key, count(*), attempts, due_ms, reason, parked_ms FROM weir_parked "
                           "GROUP BY queue ORDER BY 1",
    [WR_SQL_PARKED_LIST] = "SELECT id, topic, key, 1, attempts, due_ms, reason, parked_ms, partition, record_offset "
                           "FROM weir_parked ORDER BY id",
    [WR_SQL_PARKED_ROW] = "SELECT topic, partition, record_offset, timestamp_ms, key, value, headers, reason FROM "
                          "weir_parked WHERE id = ?1",
    [WR_SQL_PARKED_DELAY] = "UPDATE weir_parked SET attempts = ?2, due_ms = ?3, reason = ?4 WHERE id = ?1",
    [WR_SQL_PARKED_DELETE] = "DELETE FROM weir_parked WHERE id = ?1",
    [WR_SQL_PARKED_DIED] = "UPDATE weir_parked SET attempts = attempts + 1 WHERE id = ?1 AND topic = ?2 AND "
                           "partition = ?3 AND record_offset = ?4",
    [WR_SQL_TIMER_ADD] = "INSERT INTO weir_timers (kind, id, is_at, due_ms, wanted_ms, set_ms, topic, key, value, "
                         "headers, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [WR_SQL_TIMER_DROP] = "DELETE FROM weir_timers WHERE kind = ?1 AND id = ?2",
    [WR_SQL_TIMER_NEXT] = "SELECT (SELECT min(due_ms) FROM weir_timers WHERE is_at = 0), (SELECT min(due_ms) FROM "
                          "weir_timers WHERE is_at = 1), (SELECT CAST(value AS INTEGER) FROM weir_meta WHERE key = "
                          "'timers.count')",
    [WR_SQL_TIMER_DUE] =
        "SELECT number FROM (SELECT number, late FROM (SELECT number, ?1 - due_ms AS late FROM weir_timers WHERE is_at "
        "= 0 AND due_ms <= ?1 ORDER BY due_ms, number LIMIT ?3) AS by_own UNION ALL SELECT number, late FROM (SELECT "
        "number, ?2 - due_ms AS late FROM weir_timers WHERE is_at = 1 AND due_ms <= ?2 ORDER BY due_ms, number LIMIT "
        "?3) AS by_wall) AS due ORDER BY late DESC, number LIMIT ?3",
    [WR_SQL_TIMER_ROW] =
        "SELECT kind, id, wanted_ms, topic, key, value, headers, attempts FROM weir_timers WHERE number = ?1",
    [WR_SQL_TIMER_DELAY] =
        "UPDATE weir_timers SET attempts = ?2, is_at = 0, due_ms = ?3, reason = ?4 WHERE number = ?1",
    [WR_SQL_TIMER_DELETE] = "DELETE FROM weir_timers WHERE number = ?1",
    [WR_SQL_SCHEDULE_LIST] = "SELECT number, id, line, set_ms, attempts FROM weir_timers WHERE kind = 1",
    [WR_SQL_TIMER_LIST] =
        "SELECT * FROM (SELECT number, kind, id, min(due_ms, 4000000000000000000) + ?1 AS due, set_ms, attempts, "
        "reason, "
        "line, topic, headers FROM weir_timers WHERE is_at = 0 ORDER BY due_ms, number LIMIT ?2) UNION ALL SELECT * "
        "FROM (SELECT number, kind, id, min(due_ms, 4000000000000000000) AS due, set_ms, attempts, reason, line, "
        "topic, "
        "headers FROM weir_timers WHERE is_at = 1 ORDER BY due_ms, number LIMIT ?2) ORDER BY due, number LIMIT ?2",
    [WR_SQL_TIMER_FIND] =
        "SELECT number, kind, id, min(due_ms, 4000000000000000000) + CASE is_at WHEN 0 THEN ?3 ELSE 0 END, set_ms, "
        "attempts, reason, line, topic, headers, key, value FROM weir_timers WHERE kind = ?1 AND id = ?2",
    [WR_SQL_ATTEMPT_ADD] = "INSERT INTO weir_attempts (topic, partition, record_offset, attempts) VALUES (?1, ?2, ?3, "
                           "1) ON CONFLICT (topic, partition, record_offset) DO UPDATE SET attempts = attempts + 1",
    [WR_SQL_ATTEMPT_LIST] =
        "SELECT topic, partition, record_offset, attempts FROM weir_attempts ORDER BY attempts DESC "
        "LIMIT ?1",
    [WR_SQL_ATTEMPT_DELETE_DONE] =
        "DELETE FROM weir_attempts WHERE EXISTS (SELECT 1 FROM weir_inbox WHERE weir_inbox.topic = weir_attempts.topic"
        " AND weir_inbox.partition = weir_attempts.partition AND weir_inbox.next_offset > weir_attempts.record_offset) "
        "OR (partition = -1 AND NOT EXISTS (SELECT 1 FROM weir_timers WHERE weir_timers.number = "
        "weir_attempts.record_offset))",
    [WR_SQL_ATTEMPT_DELETE_PARTITION] = "DELETE FROM weir_attempts WHERE topic = ?1 AND partition = ?2",
    [WR_SQL_MIGRATION_VERSION] = "SELECT version FROM weir_migrations WHERE component = ?1",
    [WR_SQL_MIGRATION_SET] =
        "INSERT INTO weir_migrations (component, version) VALUES (?1, ?2) ON CONFLICT (component) DO "
        "UPDATE SET version = excluded.version",
    [WR_SQL_SCRIPT_SUM] = "SELECT sum FROM weir_migration_scripts WHERE component = ?1 AND number = ?2",
    [WR_SQL_SCRIPT_ADD] = "INSERT INTO weir_migration_scripts (component, number, sum) VALUES (?1, ?2, ?3)",
};
