/* The data directory itself: who may use it, whose it is, and whether it was left in order.
 *
 *     .lock                   locked while a broker runs
 *     meta.properties         version=1, cluster.id, node.id: as Kafka's
 *     .kafka_cleanshutdown    there only between a stop that left every partition in order and the next start
 */
#ifndef WR_DATA_DIR_H
#define WR_DATA_DIR_H

#include <base/uuid.h>
#include <io/io.h>

typedef struct wr_data_dir wr_data_dir;

enum { WR_CLUSTER_ID_MAX = 255 };

/* Texts are borrowed. */
typedef struct wr_data_dir_config {
    const char *directory;
    bool ephemeral;
    const char *cluster_id; /* up to WR_CLUSTER_ID_MAX bytes. NULL: that of the directory, or a new one */
    int32_t node_id;
} wr_data_dir_config;

/* *ret_clean: the last stop was clean; its mark is gone by then, durably.
 * Errors: WEIR_E_AGAIN in use; WEIR_E_FORMAT of another cluster or node; WEIR_E_REFUSED ephemeral and not empty. */
WEIR_MUST_CHECK weir_err wr_data_dir_open(wr_io *io, const wr_data_dir_config *config, wr_data_dir **ret_dir,
                                          bool *ret_clean, weir_failure *failure);
const char *wr_data_dir_cluster_id(const wr_data_dir *dir);
/* clean: everything is on the disk; says so there. An ephemeral directory was empty when it was opened, and is removed.
 * Accepts NULL. */
weir_err wr_data_dir_close(wr_data_dir *dir, bool clean);

#endif
