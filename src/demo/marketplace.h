/* The marketplace as the demo knows it: which services there are, what they read, and where they are. */
#ifndef WR_MARKETPLACE_H
#define WR_MARKETPLACE_H

#include <demo/invoice.h>

enum { WR_SERVICE_COUNT = 8 };

typedef struct wr_marketplace_service {
    const char *name;
    const char *consumes[6]; /* topics, NULL at the end */
} wr_marketplace_service;

/* The gateway is the first, analytics the second (the gateway forwards to it). */
extern const wr_marketplace_service wr_marketplace[WR_SERVICE_COUNT];

/* Every topic that facts and commands go through, NULL at the end; dead letter topics are <service>.dlq. */
extern const char *const wr_marketplace_topics[];

#endif
