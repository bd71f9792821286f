/* What the marketplace's services say to each other: the data of their events and commands, one C struct and, for each
 * event type, a table of the members that it carries. Money is in pence.
 *
 *   order.place      order_id customer country accepted_at_ms lines           command, gateway to order
 *   order.cancel     order_id cancellation_id lines (none: everything)        command, gateway to order
 *   order.placed, order.completed                                             everything about the order
 *   order.cancelled  … cause was_completed, lines and total_pence: what is left to undo
 *   order.lines-cancelled  … lines and total_pence: the part that is undone
 *   stock.reserved, fraud.cleared, payment.authorised, shipment.booked        order_id customer country total_pence
 *   stock.rejected, fraud.rejected, payment.declined, shipment.failed, order.cancel-refused   … and cause
 */
#ifndef MARKETPLACE_COMMON_H
#define MARKETPLACE_COMMON_H

#include <weir/weir.h>

typedef struct order_line {
    const char *sku;
    const char *description;
    int64_t quantity;
    int64_t price_pence; /* of one piece */
} order_line;

typedef struct order_fact {
    const char *order_id;
    const char *customer;
    const char *country;
    const char *cancellation_id;
    const char *cause;    /* why something was refused or cancelled */
    const char *tracking; /* of the shipment */
    int64_t total_pence;
    int64_t accepted_at_ms; /* when the gateway took the order, Unix epoch */
    bool was_completed;     /* of a cancelled order: had it been completed before? */
    order_line *lines;
    size_t line_count;
} order_fact;

extern const weir_json_field order_line_fields[];   /* one line */
extern const weir_json_field order_fields[];        /* the whole order, with lines */
extern const weir_json_field cancellation_fields[]; /* order_id, cancellation_id, lines */
extern const weir_json_field step_fields[];         /* order_id, customer, country, total, and what the step adds */
extern const weir_json_field lines_fields[];        /* lines alone, as kept in a column */

/* Emit `type` about fact->order_id, with the members that `fields` names. */
weir_status emit_fact(weir_tx *tx, const char *type, const weir_json_field *fields, const order_fact *fact);

int64_t lines_total(const order_line *lines, size_t count);

/* A number from 0 to 99 that depends on the text alone: the simulated chance of payments and shipments, the same in
 * every run. `salt` keeps one chance from following the other. */
int percentile(const char *text, const char *salt);

/* The setting `key`, a whole number from 0 to 100; anything else makes the handler fail with WEIR_RETRY, until it is
 * mended. */
int percent_setting(weir_tx *tx, const char *key);

#endif
