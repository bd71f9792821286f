/* Reading partitions from one offset to another, once. */
#ifndef WR_SCAN_H
#define WR_SCAN_H

#include <client/client.h>
#include <io/io.h>

typedef struct wr_scan_part {
    const char *topic;
    int32_t partition;
    int64_t start, end; /* behind the last; INT64_MAX: where it ends when the scan gets there */
} wr_scan_part;

typedef struct wr_scan {
    wr_client *client;
    wr_io *io;
    int timeout_ms;           /* how long nothing may come */
    bool uncommitted;         /* also what lies behind the begin of a transaction that is not over */
    bool (*stop)(void *user); /* asked between two polls; NULL: nobody stops it */
    void *user;
} wr_scan;

/* Calls each(user, record) for every record of the parts, in the order of each partition; an error of it ends the scan.
 * A record lives until `each` returns.
 * Errors: those of `each`; WEIR_E_TIMEOUT nothing came for timeout_ms; WEIR_E_CLOSED somebody has stopped it; those of a
 * consumer. */
WEIR_MUST_CHECK weir_err wr_scan_run(const wr_scan *scan, const wr_scan_part *parts, size_t count,
                                     weir_err (*each)(void *user, const wr_client_record *record,
                                                      weir_failure *failure),
                                     void *user, weir_failure *failure);

#endif
