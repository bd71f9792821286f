/* Between publisher.c and held.c; on the Kafka side. */
#ifndef WR_HELD_H
#define WR_HELD_H

#include "core_int.h"

/* ---- held.c */
bool wr_held_is_key(const publisher *publisher, const kept_record *row); /* rows before it of its key are held */
/* The row, which is in no list, is held because of one before it of its key. */
void wr_held_take_behind(wr_core *core, kept_record *row);
/* The row was refused and is in no list. False: it is not for here, not being in doubt, or there is no room to remember
 * its key. One of a key that waits here waits with it, in doubt or not: marked, it would come back from the table together
 * with rows that are still here. */
WEIR_MUST_CHECK bool wr_held_take_refused(wr_core *core, kept_record *row, const char *reason);
void wr_held_is_over(publisher *publisher, kept_record *row); /* acknowledged, or out of memory's hands */
void wr_held_look_after(wr_core *core);
/* An operator's wish; numbers ascend, and those that are not held are left alone. */
void wr_held_skip(wr_core *core, const int64_t *sequences, size_t count);

/* ---- publisher.c */
weir_slice wr_publisher_key_name(const wr_client_record *record, wr_buf *name); /* topic NUL key */
/* For the next transaction, a copy, behind all others. False: no memory. */
WEIR_MUST_CHECK bool wr_publisher_mark(publisher *publisher, const outbox_mark *mark, const char *reason);
/* The row leaves memory and stays in the table; its mark is written with the next transaction. */
void wr_publisher_refuse(wr_core *core, kept_record *row, outbox_state state, const char *reason);
void wr_publisher_log_refusal(wr_core *core, const kept_record *row, const char *sentence, const char *reason);

#endif
