/* Places in a topic, as --offset, --to and group reset take them:
 *
 *     start, earliest, beginning      the first record there is
 *     end, latest                     behind the last
 *     N                               the offset N
 *     -N                              N before the end
 *     TIME                            the first record of that time or later
 *
 *     TIME := "@" any of these | RFC 3339 | YYYY-MM-DD | -5m | 5m ago | now         in words of Unix milliseconds: @N
 *
 * A bare number is an offset, so milliseconds need their @. */
#ifndef WR_PLACE_H
#define WR_PLACE_H

#include <cli/kafka.h>

typedef struct wr_place {
    enum {
        WR_PLACE_START,
        WR_PLACE_END,
        WR_PLACE_OFFSET,
        WR_PLACE_BACK,
        WR_PLACE_TIME,
        WR_PLACE_NEVER, /* behind all that will ever come */
    } kind;
    int64_t number; /* an offset, how many back, or Unix milliseconds */
} wr_place;

WEIR_MUST_CHECK weir_err wr_place_parse(const char *text, int64_t now_ms, wr_place *ret_place); /* WEIR_E_FORMAT */
/* The option's value as a place. Says on stderr what is wrong; returns an exit status. */
int wr_cli_place(const wr_cli *cli, const char *option, wr_place *ret_place);
/* The offset, within those that the partition has. */
WEIR_MUST_CHECK weir_err wr_place_offset(const wr_kafka *kafka, const wr_place *place, const char *topic,
                                         const wr_partition_info *partition, int64_t *ret_offset,
                                         weir_failure *failure);

#endif
