/* What both implementations of client.h have in common: the first member of each object says which one it is. */
#ifndef WR_CLIENT_INT_H
#define WR_CLIENT_INT_H

#include <client/client.h>

enum { WR_OFFSET_COMMITTED = -1001, WR_TIME_END = -1, WR_TIME_BEGINNING = -2 };

typedef struct wr_client_ops {
    bool (*client_free)(wr_client *);
    weir_err (*check)(wr_client *, const char *, weir_failure *); /* NULL: nothing can be wrong */
    weir_err (*reach)(wr_client *, int, weir_failure *);
    weir_err (*producer_new)(wr_client *, const wr_producer_options *, wr_producer **, weir_failure *);
    weir_err (*consumer_new)(wr_client *, const wr_consumer_options *, wr_consumer **, weir_failure *);
    weir_err (*describe)(wr_client *, const char *, bool, int, weir_arena *, wr_cluster_info *, weir_failure *);
    weir_err (*create_topic)(wr_client *, const char *, int32_t, int16_t, const weir_attribute *, size_t, int,
                             weir_failure *);
    weir_err (*delete_topic)(wr_client *, const char *, int, weir_failure *);
    weir_err (*topic_config)(wr_client *, const char *, int, weir_arena *, const wr_config_info **, size_t *,
                             weir_failure *);
    weir_err (*broker_config)(wr_client *, int32_t, int, weir_arena *, const wr_config_info **, size_t *,
                              weir_failure *);
    weir_err (*set_topic_config)(wr_client *, const char *, const weir_attribute *, size_t, bool, int, weir_failure *);
    weir_err (*add_partitions)(wr_client *, const char *, int32_t, bool, int, weir_failure *);
    weir_err (*set_group_offsets)(wr_client *, const char *, const wr_assignment *, size_t, int, weir_failure *);
    weir_err (*delete_group)(wr_client *, const char *, int, weir_failure *);
    weir_err (*offset_at)(wr_client *, const char *, int32_t, int64_t, int, int64_t *, weir_failure *);
    weir_err (*groups)(wr_client *, int, weir_arena *, const wr_group_info **, size_t *, weir_failure *);
    weir_err (*group)(wr_client *, const char *, int, weir_arena *, wr_group_info *, weir_failure *);
} wr_client_ops;

typedef struct wr_producer_ops {
    weir_err (*send)(wr_producer *, const wr_client_record *, void *);
    void (*poll)(wr_producer *, int, void (*)(void *, const wr_delivery *), void *);
    size_t (*pending)(const wr_producer *);
    void (*on_ready)(wr_producer *, void (*)(void *), void *);
    void (*free)(wr_producer *);
} wr_producer_ops;

typedef struct wr_consumer_ops {
    weir_err (*subscribe)(wr_consumer *, const char *const *, size_t, weir_failure *);
    weir_err (*assign)(wr_consumer *, const wr_assignment *, size_t, weir_failure *);
    weir_err (*poll)(wr_consumer *, size_t, int, const wr_client_record **, size_t *, weir_failure *);
    wr_polled *(*take)(wr_consumer *);
    void (*wake)(wr_consumer *);
    void (*reach)(wr_consumer *, wr_reach *);
    weir_err (*pause)(wr_consumer *, const char *, int32_t, bool);
    int64_t (*end)(const wr_consumer *, const char *, int32_t);
    int64_t (*looks)(const wr_consumer *);
    weir_err (*seek)(wr_consumer *, const char *, int32_t, int64_t);
    weir_err (*commit)(wr_consumer *, const wr_assignment *, size_t, bool);
    void (*free)(wr_consumer *);
} wr_consumer_ops;

struct wr_client {
    const wr_client_ops *ops;
};
struct wr_producer {
    const wr_producer_ops *ops;
};
struct wr_consumer {
    const wr_consumer_ops *ops;
};
struct wr_polled {
    const wr_client_record *records;
    size_t count;
    void (*free)(wr_polled *);
};

#endif
