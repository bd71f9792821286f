/* Deleting old segments. A timer runs only while a log said that something will be due; an idle broker has none. */
#ifndef WR_RETENTION_H
#define WR_RETENTION_H

#include <broker/broker.h>

WEIR_MUST_CHECK weir_err wr_retention_new(wr_broker *broker, wr_retention **ret_retention);
void wr_retention_free(wr_retention *retention); /* accepts NULL */
/* A log has grown or its configuration changed: look again, at the latest after log.retention.check.interval.ms. */
void wr_retention_note(wr_retention *retention);

#endif
