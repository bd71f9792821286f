/* Names of errors, and failures with their sentence (weir/error.h). A sentence that does not fit ends with an ellipsis, never
 * in the middle of a UTF-8 character. errno goes into a failure of the system's, and is as it was for the caller. */
#include <weir/error.h>

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [WEIR_OK] = "ok",
    [WEIR_E_USAGE] = "usage",
    [WEIR_E_MEMORY] = "memory",
    [WEIR_E_LIMIT] = "limit",
    [WEIR_E_IO] = "io",
    [WEIR_E_FULL] = "full",
    [WEIR_E_CORRUPT] = "corrupt",
    [WEIR_E_FORMAT] = "format",
    [WEIR_E_UNSUPPORTED] = "unsupported",
    [WEIR_E_NOT_FOUND] = "not_found",
    [WEIR_E_EXISTS] = "exists",
    [WEIR_E_RANGE] = "range",
    [WEIR_E_AGAIN] = "again",
    [WEIR_E_TIMEOUT] = "timeout",
    [WEIR_E_UNREACHABLE] = "unreachable",
    [WEIR_E_CLOSED] = "closed",
    [WEIR_E_DENIED] = "denied",
    [WEIR_E_FENCED] = "fenced",
    [WEIR_E_BROKEN] = "broken",
    [WEIR_E_REFUSED] = "refused",
};

const char *weir_err_name(weir_err err)
{
    size_t index = (size_t)err;
    return index < sizeof names / sizeof *names ? names[index] : "unknown";
}

/* Cut what did not fit so that a reader sees that it was cut, and never inside a UTF-8 character. */
static void mark_cut(char *sentence, size_t size)
{
    size_t end = size - sizeof "…";
    while (end > 0 && wr_utf8_continues((uint8_t)sentence[end]))
        end--;
    memcpy(sentence + end, "…", sizeof "…");
}

weir_err weir_fail(weir_failure *failure, weir_err err, const char *format, ...)
{
    int os_error = errno;
    if (!failure)
        return err;

    va_list args;
    va_start(args, format);
    int size = vsnprintf(failure->sentence, sizeof failure->sentence, format, args);
    va_end(args);
    if (size <= 0)
        snprintf(failure->sentence, sizeof failure->sentence, "%s", weir_err_name(err));
    else if ((size_t)size >= sizeof failure->sentence)
        mark_cut(failure->sentence, sizeof failure->sentence);

    failure->err = err;
    failure->os_error = err == WEIR_E_IO || err == WEIR_E_FULL ? os_error : 0;
    failure->retriable = err == WEIR_E_AGAIN || err == WEIR_E_TIMEOUT || err == WEIR_E_UNREACHABLE;
    failure->fatal = err == WEIR_E_FENCED || err == WEIR_E_BROKEN;
    errno = os_error;
    return err;
}
