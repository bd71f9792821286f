/* What the topics of a broker are told by its configuration. */
#ifndef WR_TOPICS_CONFIG_H
#define WR_TOPICS_CONFIG_H

#include <base/config.h>
#include <journal/log.h>

/* When an appended batch becomes visible, and when an acks=all answer leaves. */
typedef enum wr_flush {
    WR_FLUSH_ACKS,     /* acks=all waits for the disk; consumers see what is on the disk */
    WR_FLUSH_INTERVAL, /* synced every flush_interval_ms; a power cut may take back what was seen */
    WR_FLUSH_NONE,     /* the kernel decides */
} wr_flush;

/* Texts and keys are borrowed for as long as the topics live. */
typedef struct wr_topics_config {
    const wr_config *keys; /* the settings that topics inherit, under the names that topic_config.h gives them */
    const char *data_directory;
    wr_log_config log; /* what logs inherit */
    wr_flush flush;
    int64_t flush_interval_ms;
    int64_t retention_check_ms;
    int32_t partition_count_max;   /* of all topics together */
    int64_t internal_segment_size; /* of topics that the broker makes for itself */
} wr_topics_config;

#endif
