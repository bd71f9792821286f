/* Topics in the data directory: names, small files, and which directories make a topic.
 *
 *     orders-0/topic.properties          its presence makes the topic; Java properties:
 *         topic.id=ZmFzdCBhbmQgc2FmZSBpZA       partitions=2       retention.ms=1000   (what was set)
 *     orders-0/partition.metadata        as Kafka's:  version: 0 / topic_id: ZmFzdCBhbmQgc2FmZSBpZA
 *     orders-1/partition.metadata
 *     orders-0.<topic id>-delete/        of a deleted topic, until its files are removed
 *
 * Making: all directories, then topic.properties. A crash before leaves directories without records, which the next
 * start removes. Deleting: <t>-0 is renamed, which is the moment the topic is gone, then the others, later all are
 * removed, partition 0 last. A crash in between leaves the renamed partition 0, by whose id the next start finds and
 * removes what is left of the same topic. Every other directory is left alone, with a warning. */
#ifndef WR_TOPIC_FILES_H
#define WR_TOPIC_FILES_H

#include <base/trace.h>
#include <base/uuid.h>
#include <io/io.h>
#include <topics/topic_config.h>

enum { WR_PATH_SIZE = 4096 };

/* Where the topics are; borrowed. */
typedef struct wr_topic_files {
    wr_io *io;
    const wr_trace *trace;
    const char *directory;
} wr_topic_files;

/* "<data>/<topic>-<partition>" */
void wr_topic_path(const wr_topic_files *files, const char *topic, int32_t partition, char ret_path[WR_PATH_SIZE]);

/* The partition's directory with its partition.metadata. The file's bytes are durable; its name is when the directory has
 * been synced (the log that is made in it does that), and the directory's with wr_topic_files_sync: so each partition costs
 * two syncs and no more. WEIR_E_EXISTS when something is there already. */
WEIR_MUST_CHECK weir_err wr_topic_files_make(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                                             int32_t partition);
/* What make made, and a log in it: as if it had never been. */
void wr_topic_files_unmake(const wr_topic_files *files, const char *topic, int32_t partition);
/* Names made in the data directory are durable. */
WEIR_MUST_CHECK weir_err wr_topic_files_sync(const wr_topic_files *files);
/* What the topic is from now on. *ret_replaced as wr_path_replace has it: after an error with true, the file may say either
 * after a power cut, until one more write of it succeeds. */
WEIR_MUST_CHECK weir_err wr_topic_files_write(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                                              int32_t partition_count, const wr_topic_config *config,
                                              bool *ret_replaced);

/* Rename its directories: the topic is gone. An error means that the topic may be there again after the next start. */
WEIR_MUST_CHECK weir_err wr_topic_files_rename(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                                               int32_t partition_count);
/* Remove what was renamed. */
WEIR_MUST_CHECK weir_err wr_topic_files_remove(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                                               int32_t partition_count);

/* Clear away what crashes left, then call `found` for every topic in name order; config is handed over. A topic whose
 * properties cannot be read is damage: WEIR_E_CORRUPT. */
typedef weir_err wr_topic_found(void *user, const char *name, const wr_uuid *id, int32_t partition_count,
                                wr_topic_config *config);
WEIR_MUST_CHECK weir_err wr_topic_files_scan(const wr_topic_files *files, wr_topic_found *found, void *user,
                                             weir_failure *failure);

#endif
