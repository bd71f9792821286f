/* The topics that a service needs: those that it consumes and produces, the one of its dead letters, and the one by which
 * events are put back for its group. Kafka is waited for, and what is missing is made. */
#ifndef WR_NEEDED_TOPICS_H
#define WR_NEEDED_TOPICS_H

#include "routes.h"

#include <client/client.h>
#include <io/stop.h>

typedef struct wr_needed_topics {
    const weir_service *service;
    const char *name; /* of this service, as it was configured */
    const wr_config *config;
    wr_client *client;
    wr_stop *stop;
    wr_routes *routes; /* which say what is waited for */
    const wr_trace *trace;
    char *redrive; /* by which events are put back; "": none, also when it could not be made */
} wr_needed_topics;

/* Until a broker answers and all topics are there; at once when the settings say that none are made. WEIR_E_CLOSED when
 * the process is told to stop before. */
WEIR_MUST_CHECK weir_err wr_needed_topics_make(const wr_needed_topics *needed, weir_failure *failure);

#endif
