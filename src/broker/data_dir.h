/* The data directory itself: who may use it, whose it is, and whether it was left in order.
 *
 *     .lock                   locked while a broker runs
 *     meta.properties         version=1, cluster.id, node.id: as Kafka's
 *     .kafka_cleanshutdown    there only between a clean stop and the next start
 */
#ifndef WR_DATA_DIR_H
#define WR_DATA_DIR_H

#include <broker/broker.h>

typedef struct wr_data_dir wr_data_dir;

/* Fills broker->cluster_id. *ret_clean: the last stop was clean; its mark is gone by then, durably.
 * Errors: WEIR_E_AGAIN in use; WEIR_E_FORMAT of another cluster or node; WEIR_E_REFUSED ephemeral and not empty. */
WEIR_MUST_CHECK weir_err wr_data_dir_open(wr_broker *broker, wr_data_dir **ret_dir, bool *ret_clean,
                                          weir_failure *failure);
/* clean: everything is on the disk; says so there. An ephemeral directory was empty when it was opened, and is removed.
 * Accepts NULL. */
weir_err wr_data_dir_close(wr_data_dir *dir, bool clean);

#endif
