/* The logs of partitions: opening them, opening them again when that failed for a reason that passes, and saying what
 * becomes of them, once per change.
 *
 *    closed ──open──▶ open ──refused──▶ full ──written──▶ open         (journal/log.h has the whole machine)
 *      │ ▲                  └──sync failed──▶ broken
 *      │ └── REOPEN_MS later: no room, no descriptors, an error of the disk
 *      └── damaged: stays closed until somebody repairs the directory and starts the broker anew
 *
 * An opening reads files and may wait long for them, so that it is done by workers, several logs at a time: each takes the
 * next log that nobody has taken. What came of them is given to the partitions, and said, by the loop's thread in their
 * order, so that it does not show who was first. */
#ifndef WR_LOGS_H
#define WR_LOGS_H

#include "partition_int.h"
#include "topic_files.h"
#include "topics.h"

#include <stdatomic.h>

/* One log that is opened. The partition is not touched before wr_log_openings_give. */
typedef struct wr_log_opening {
    wr_partition *partition;
    wr_log *log;
    weir_err err;
    char *cause; /* a sentence, or NULL */
} wr_log_opening;

typedef struct wr_log_openings {
    const wr_topic_files *files;
    const wr_topics_config *config;
    bool clean; /* the last stop was */
    wr_log_opening *items;
    size_t count, capacity;
    atomic_size_t next; /* that nobody has taken */
} wr_log_openings;

void wr_log_openings_init(wr_log_openings *openings, const wr_topic_files *files, const wr_topics_config *config,
                          bool clean);
void wr_log_openings_fini(wr_log_openings *openings); /* logs that nobody was given are abandoned */
WEIR_MUST_CHECK weir_err wr_log_openings_add(wr_log_openings *openings, wr_partition *partition);
/* Takes and opens until all are taken. On any thread, on several at once. */
void wr_log_openings_run(wr_log_openings *openings);
/* Gives each partition its log, or the reason why it stays closed, and says so. */
void wr_log_openings_give(wr_log_openings *openings, wr_topics *topics);

/* At the start, before the loop runs: opens all by the loop's workers, and returns when that is done. */
void wr_logs_open_all(wr_topics *topics, wr_log_openings *openings);

/* Its log has become full, open again or broken, or damage was found: log it. Called when one of its calls has returned. */
void wr_logs_tell(wr_topics *topics, wr_partition *partition);

#endif
