/* Clients of something else that reach a listener of Kafka's.
 *
 * Their first bytes are read as the size of a frame, and make a number that says nothing to whoever looks into the log:
 *
 *     16 03 01 00   a TLS client hello     369,295,616 bytes
 *     "GET "        HTTP                 1,195,725,856 bytes
 */
#include "server_int.h"

#include <string.h>

static const struct {
    char begin[WR_FRAME_PREFIX + 1];
    const char *name;
} known[] = {
    {"\x16\x03", "TLS"}, {"GET ", "HTTP"}, {"POST", "HTTP"}, {"PUT ", "HTTP"},
    {"HEAD", "HTTP"},    {"DELE", "HTTP"}, {"OPTI", "HTTP"}, {"PATC", "HTTP"},
    {"PRI ", "HTTP"},    {"CONN", "HTTP"}, {"SSH-", "SSH"},  {"PROX", "the PROXY protocol"},
};

const char *wr_other_protocol(weir_slice bytes)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t size = strlen(known[i].begin);
        if (bytes.size >= size && memcmp(bytes.data, known[i].begin, size) == 0)
            return known[i].name;
    }
    return NULL;
}
