/* What can go wrong, and how a public call says so.
 *
 * Three kinds that never mix: a weir_err, which the caller must check; a Kafka error code, which is an answer to a
 * client and lives in src/wire/kafka.h; and a bug, which is an assert. Outputs are named ret_… and are untouched on
 * failure. */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stdbool.h>

#define WEIR_API                 __attribute__((visibility("default")))
#define WEIR_MUST_CHECK          __attribute__((warn_unused_result))
#define WEIR_PRINTF(text, first) __attribute__((format(printf, text, first)))

#ifdef __cplusplus
#define WEIR_BEGIN_C extern "C" {
#define WEIR_END_C   }
#else
#define WEIR_BEGIN_C
#define WEIR_END_C
#endif

WEIR_BEGIN_C

typedef enum weir_err {
    WEIR_OK = 0,
    WEIR_E_USAGE,       /* the caller broke the contract of the call: a missing argument, a wrong state */
    WEIR_E_MEMORY,      /* an allocation failed */
    WEIR_E_LIMIT,       /* a limit of ours was reached: frame size, array count, connections, … */
    WEIR_E_IO,          /* a system call failed; errno says why */
    WEIR_E_FULL,        /* the disk is full (ENOSPC, EDQUOT) */
    WEIR_E_CORRUPT,     /* stored bytes are not what was written: a CRC, a length or a magic does not hold */
    WEIR_E_FORMAT,      /* bytes from outside do not follow their format */
    WEIR_E_UNSUPPORTED, /* well-formed, but a version or a feature that this build does not have */
    WEIR_E_NOT_FOUND,   /* what was named does not exist */
    WEIR_E_EXISTS,      /* what was to be made exists */
    WEIR_E_RANGE,       /* an offset, a time or a number lies outside what is held */
    WEIR_E_AGAIN,       /* not now: would block, or a resource is busy; try again */
    WEIR_E_TIMEOUT,     /* the deadline passed; the outcome may be unknown */
    WEIR_E_UNREACHABLE, /* the other side cannot be reached */
    WEIR_E_CLOSED,      /* the other side, or this object, is closed */
    WEIR_E_DENIED,      /* not authenticated or not authorised */
    WEIR_E_FENCED,      /* somebody newer has taken over; this one must stop */
    WEIR_E_BROKEN,      /* an earlier failure makes every later success a lie; reopen */
    WEIR_E_REFUSED,     /* the other side understood and said no; the message says why */
} weir_err;

/* The name without its prefix, for example "corrupt"; "unknown" for a number that is none. Static storage; any thread.
 */
WEIR_API const char *weir_err_name(weir_err err);

/* What a person needs to know of a failure. Caller's storage; zero it before the call. This struct keeps its size for
 * as long as the library keeps its SONAME. */
typedef struct weir_failure {
    weir_err err;
    int os_error;       /* errno where the operating system had a say, else 0 */
    bool retriable;     /* the same call may succeed later */
    bool fatal;         /* the object must be closed */
    char sentence[240]; /* what, where, and what to do next; never empty when err is set */
} weir_failure;

/* Fill *failure (may be NULL) and return err, so that `return weir_fail(failure, WEIR_E_FORMAT, "…")` reads well. A
 * sentence that is too long is cut. Touches nothing but *failure, so any thread may call it with its own. */
WEIR_API weir_err weir_fail(weir_failure *failure, weir_err err, const char *format, ...) WEIR_PRINTF(3, 4);

WEIR_END_C

#endif
