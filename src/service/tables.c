/* weir's own tables in a service's database, beside the service's.
 *
 *   weir_meta       outbox.id: a UUID made with the database; outbox.sequence: the last number given; clock: clock.c
 *   weir_inbox      one row a partition: the offset to read next, the epoch of who owns the partition, and the id of the
 *                   topic in which that offset counts (NULL: not known, as with brokers that have none)
 *   weir_senders    one row a sender's outbox and partition: the highest sequence handled, and when that was
 *   weir_seen       ids of events whose sender numbers nothing, for a window of time
 *   weir_outbox     events to publish, in commit order; gone once acknowledged. What state means: outbox_table.c
 *   weir_set_aside  records that could not be published and that an operator decides about
 *   weir_parked     events whose key waits, in order; attempts of those that wait behind another are 0
 *   weir_attempts   events during whose handling the process died, and how often: attempt.c
 *
 * Columns whose names end in _ms are of the service's own clock (clock.c), except created_ms, timestamp_ms and
 * parked_ms, which are the wall clock's and only shown.
 *
 * A script is never changed once it was released: the next one brings the tables from there to here. The first is the
 * schema of the first release, in which weir_outbox.frozen held the state as words ("sent to 17"). */
#include "core_int.h"

#include <stdio.h>

const char *const wr_core_migrations[] = {
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
    NULL,
};

weir_err wr_meta_get(wr_store *store, const char *key, char *ret_text, size_t size, bool *ret_found,
                     weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_prepare(store, "SELECT value FROM weir_meta WHERE key = ?1", WEIR_VALUES(WEIR_TEXT(key)),
                                    &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        snprintf(ret_text, size, "%s", wr_statement_text(statement, 0));
    wr_statement_done(statement);
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    *ret_found = err == WEIR_OK;
    return WEIR_OK;
}

weir_err wr_meta_set(wr_store *store, const char *key, const char *text, weir_failure *failure)
{
    return wr_store_exec(store,
                         "INSERT INTO weir_meta (key, value) VALUES (?1, ?2)"
                         " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                         WEIR_VALUES(WEIR_TEXT(key), WEIR_TEXT(text)), failure);
}
