/* Access control: may this principal do that? One question, asked before every action, of one authorizer. Without one,
 * as now, everybody may do everything. */
#ifndef WR_AUTHORISE_H
#define WR_AUTHORISE_H

#include <server/server.h>
#include <wire/kafka.h>

/* What somebody is about to do. */
typedef struct wr_action {
    const wr_principal *principal;
    const char *host; /* the client's address */
    int8_t operation; /* WR_ACL_READ, … */
    int8_t resource;  /* WR_ACL_TOPIC, … */
    weir_slice name;  /* of the resource; of the cluster: "kafka-cluster" */
} wr_action;

typedef struct wr_authorizer {
    bool (*allows)(void *user, const wr_action *action);
    void *user;
} wr_authorizer;

/* WR_KAFKA_NONE, or the code that refuses access to this kind of resource. authorizer NULL: all is allowed. */
int16_t wr_authorise(const wr_authorizer *authorizer, const wr_action *action);

#endif
