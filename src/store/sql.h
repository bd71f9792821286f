/* Statements on weir's own tables, by name. Each database says them in its own words (sqlite_sql.c); what they take and
 * give is the same everywhere and stands here: parameters in order, then → the columns of a row. */
#ifndef WR_SQL_H
#define WR_SQL_H

typedef enum wr_sql {
    WR_SQL_META_GET, /* key → value */
    WR_SQL_META_SET, /* key, value */
    WR_SQL_META_ADD, /* key, number to add → the sum, which is not below 0 */

    WR_SQL_INBOX_TAKE,         /* topic, partition → epoch, next offset, topic id: an epoch of our own */
    WR_SQL_INBOX_EPOCH,        /* topic, partition → epoch */
    WR_SQL_INBOX_MOVE,         /* topic, partition, next offset, epoch: only while it is that epoch */
    WR_SQL_INBOX_SET_TOPIC_ID, /* topic, partition, topic id, next offset */
    WR_SQL_INBOX_TOPIC_ID,     /* topic, partition → topic id */

    WR_SQL_SEEN_ADD,   /* source, id, seen_ms: changes nothing when it is there */
    WR_SQL_SEEN_PRUNE, /* seen before, at most so many */

    WR_SQL_ANSWER_CLAIM, /* key, fingerprint, answered_ms: changes nothing when it is there */
    WR_SQL_ANSWER_GET,   /* key → fingerprint, status, content_type, location, headers, body */
    WR_SQL_ANSWER_SET,   /* key, status, content_type, location, headers, body */
    WR_SQL_ANSWER_PRUNE, /* answered before, at most so many */

    WR_SQL_SENDER_HANDLED,       /* outbox id, topic, partition → floor, above */
    WR_SQL_SENDER_SET,           /* outbox id, topic, partition, highest, floor, above, seen_ms */
    WR_SQL_SENDER_ADOPT,         /* seen_ms for those that have none */
    WR_SQL_SENDER_COUNT,         /* → number of rows */
    WR_SQL_SENDER_PRUNE,         /* seen before, at most so many */
    WR_SQL_SENDER_DELETE_OLDEST, /* so many */

    WR_SQL_OUTBOX_ADD, /* sequence, topic, key, value, headers, created_ms */
    /* behind, at most so many → sequence, topic, key, value, headers, created_ms of rows to publish, in order */
    WR_SQL_OUTBOX_LOAD,
    WR_SQL_OUTBOX_DELETE,      /* from, below: rows to publish */
    WR_SQL_OUTBOX_MARK,        /* sequence, state, sent_to, reason */
    WR_SQL_OUTBOX_COUNT,       /* → rows not to publish, set aside and asked for, set aside */
    WR_SQL_OUTBOX_MARK_BEHIND, /* rows that follow a refused one of their key and were never sent */
    WR_SQL_OUTBOX_RENUMBER,    /* first new number: all that are not to publish, in order */
    WR_SQL_OUTBOX_TAKE_BACK,   /* first new number: what is set aside and asked for, in order */
    WR_SQL_OUTBOX_DELETE_SKIPPED,
    WR_SQL_OUTBOX_HELD_SKIPPED, /* → sequence of rows that are held and to be skipped: sent_to is -1 */
    WR_SQL_OUTBOX_HELD_SKIP,    /* those get the state of rows to be set aside */
    WR_SQL_OUTBOX_HELD_FORGET,  /* no row is held any more */
    WR_SQL_OUTBOX_LIST_REFUSED, /* → sequence, state, topic, key, reason, created_ms, size of the value */
    WR_SQL_OUTBOX_SKIP,         /* sequence of a refused row */
    /* → outbox id, last number (NULL: none was made), rows to publish, created_ms of the oldest (NULL), refused, behind, to
     * be set aside; set aside; inserted and to take, bad */
    WR_SQL_OUTBOX_STATUS,
    WR_SQL_OUTBOX_LAG, /* → topic, rows to publish, other rows, created_ms of the oldest of all */
    WR_SQL_OUTBOX_ROW, /* sequence → topic, key, value, headers, created_ms, state, reason */

    WR_SQL_ASIDE_ADD, /* topic, key, value, headers, created_ms, reason → id */
    WR_SQL_ASIDE_ADD_SKIPPED,
    WR_SQL_ASIDE_DELETE_TAKEN,
    WR_SQL_ASIDE_LIST,    /* → id, again, topic, key, reason, created_ms, size of the value */
    WR_SQL_ASIDE_VALUE,   /* id → value */
    WR_SQL_ASIDE_ROW,     /* id → as OUTBOX_ROW */
    WR_SQL_ASIDE_REQUEUE, /* id */
    WR_SQL_ASIDE_DELETE,  /* id */

    /* Rows that other programs insert. */
    WR_SQL_INSERTS_ANY, /* → a row when there are some to take */
    /* from number, at most so many, largest payload → number, id, aggregatetype, aggregateid, type, payload (NULL when
     * larger), topic, key, headers, source, version, datacontenttype, size of the payload: to take, in order */
    WR_SQL_INSERTS_TAKE,
    WR_SQL_INSERTS_LAST,      /* → highest number of those to take; no row: there are none */
    WR_SQL_INSERTS_DELETE,    /* number */
    WR_SQL_INSERTS_SET_ASIDE, /* number, reason */
    WR_SQL_INSERTS_COUNT,     /* → rows to take, bad rows */
    WR_SQL_INSERTS_LIST_BAD,  /* → number, state, topic, key, reason, 0, size of the payload */
    WR_SQL_INSERTS_ROW,       /* number → as OUTBOX_ROW, but headers as they were inserted */
    WR_SQL_INSERTS_VALUE,     /* number of a bad row → payload */
    WR_SQL_INSERTS_REQUEUE,   /* number of a bad row */
    WR_SQL_INSERTS_REMOVE,    /* number of a bad row */

    /* queue, topic, partition, offset, timestamp_ms, key, value, headers, attempts, due_ms, reason, parked_ms */
    WR_SQL_PARKED_ADD,
    WR_SQL_PARKED_QUEUES, /* → queue, rows, due_ms of its head */
    WR_SQL_PARKED_HEAD, /* queue → id, attempts, topic, partition, offset, timestamp_ms, key, value, headers, due_ms */
    WR_SQL_PARKED_WISHED,   /* → queues with a wish, in due_ms */
    WR_SQL_PARKED_WISH,     /* id of a head, wish */
    WR_SQL_PARKED_WISH_ALL, /* wish: of all heads but those that are to be rejected */
    WR_SQL_PARKED_KEYS,     /* → id of the head, topic, key, rows, attempts, due_ms, reason, parked_ms: by id */
    WR_SQL_PARKED_LIST,     /* → the same of each row, and partition, offset: by id */
    WR_SQL_PARKED_ROW,      /* id → topic, partition, offset, timestamp_ms, key, value, headers, reason */
    WR_SQL_PARKED_DELAY,    /* id, attempts, due_ms, reason */
    WR_SQL_PARKED_DELETE,   /* id */
    WR_SQL_PARKED_DIED,     /* id, topic, partition, offset: one attempt more */

    /* kind, id, is_at, due_ms, wanted_ms, set_ms, topic (NULL: to be handled), key, value, headers, line */
    WR_SQL_TIMER_ADD,
    WR_SQL_TIMER_DROP, /* kind, id */
    WR_SQL_TIMER_NEXT, /* → earliest due_ms by the timers' clock, by the wall clock, NULL: none; timers.count */
    WR_SQL_TIMER_DUE,  /* now by the timers' clock, by the wall clock, at most so many → number: the latest first */
    /* number → kind, id, wanted_ms, topic, key, value, headers, attempts; who else would delete it waits */
    WR_SQL_TIMER_ROW,
    WR_SQL_TIMER_DELAY,   /* number, attempts, due_ms by the timers' clock, reason */
    WR_SQL_TIMER_DELETE,  /* number */
    WR_SQL_SCHEDULE_LIST, /* → number, id, line, set_ms, attempts */
    /* how far the wall clock is ahead of the timers', at most so many
     * → number, kind, id, due_ms by the wall clock, set_ms, attempts, reason, line, topic, headers: the earliest first */
    WR_SQL_TIMER_LIST,
    WR_SQL_TIMER_FIND, /* kind, id, how far that is ahead → the same, and key, value */

    WR_SQL_ATTEMPT_ADD,              /* topic, partition, offset: one more */
    WR_SQL_ATTEMPT_LIST,             /* at most so many → topic, partition, offset, attempts */
    WR_SQL_ATTEMPT_DELETE_DONE,      /* of what lies below the positions, and of timers that are gone */
    WR_SQL_ATTEMPT_DELETE_PARTITION, /* topic, partition */

    WR_SQL_MIGRATION_VERSION, /* component → version */
    WR_SQL_MIGRATION_SET,     /* component, version */

    WR_SQL_SCRIPT_SUM, /* component, number → sum */
    WR_SQL_SCRIPT_ADD, /* component, number, sum */

    WR_SQL_COUNT
} wr_sql;

#endif
