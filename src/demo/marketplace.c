/* The services of examples/marketplace, by hand: what they read must be what they say in their weir_service. */
#include <demo/marketplace.h>

const wr_marketplace_service wr_marketplace[WR_SERVICE_COUNT] = {
    {"gateway", {"orders", "shipping"}},
    {"analytics", {"orders"}},
    {"order", {"order-commands", "inventory", "fraud", "payments", "shipping"}},
    {"inventory", {"orders"}},
    {"fraud", {"inventory"}},
    {"payment", {"fraud", "orders"}},
    {"shipping", {"payments", "orders"}},
    {"notification", {"orders"}},
};

const char *const wr_marketplace_topics[] = {"order-commands", "orders",   "inventory",     "fraud",
                                             "payments",       "shipping", "notifications", NULL};
