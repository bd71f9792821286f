/* Watching which topics the names stand for that a consumer reads.
 *
 *     the consumer ──topics, "now!"──► thread: once a second, and when asked ──Metadata v10──► a broker
 *          ▲                              │
 *          └──────wake, when an id is another than was told──────┘
 *
 * A topic that is deleted and made anew has another id, and librdkafka 2.0.2 neither asks for ids nor notices when the
 * new topic has as many partitions as the old one. The connection is one of our own, to the bootstrap servers in turn;
 * it is plain TCP, so where security.protocol is anything but plaintext no ids are known, and a topic made anew is known
 * by its end alone, as it is with a broker older than 2.8.
 *
 * The thread is not waited for at the end, since it may be looking up a name: what it uses is counted, and freed by the
 * last who leaves. */
#include "kafka_int.h"
#include "topic_ids.h"

#include <base/text.h>
#include <io/dial.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVERY_MS = 1000, DIAL_MS = 1000, ANSWER_SIZE_MAX = 64 << 20, DEFAULT_PORT = 9092 };

struct wr_kafka_ids {
    char *servers; /* "host:port,host:port" */
    void (*wake)(void *user);
    void *user;
    /* the thread's own */
    wr_dial *dial;
    int32_t correlation_id;
    /* everybody's */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    bool is_ending;
    unsigned asked, answered; /* rounds: the thread has looked since it was asked when they are equal */
    char *topics[WR_TOPIC_IDS_MAX];
    wr_topic_id ids[WR_TOPIC_IDS_MAX], told[WR_TOPIC_IDS_MAX];
    int64_t looks; /* that found what was told */
    size_t count;
};

static struct timespec after_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static void leave(wr_kafka_ids *ids) /* takes the lock, which is held */
{
    bool is_last = --ids->owners == 0;
    pthread_mutex_unlock(&ids->lock);
    if (!is_last)
        return;
    wr_dial_close(ids->dial);
    for (size_t i = 0; i < ids->count; i++)
        free(ids->topics[i]);
    free(ids->servers);
    pthread_cond_destroy(&ids->changed);
    pthread_mutex_destroy(&ids->lock);
    free(ids);
}

/* ---- the thread */

/* "PLAINTEXT://host:port", "host", "[::1]:9092" */
static bool parse_server(const char *at, size_t size, char host[256], int *ret_port)
{
    char text[256];
    if (size >= sizeof(text))
        return false;
    memcpy(text, at, size);
    text[size] = '\0';
    char *begin = strstr(text, "://");
    begin = begin ? begin + 3 : text;
    char *end = *begin == '[' ? strchr(begin, ']') : strrchr(begin, ':');
    if (*begin == '[' && !end)
        return false;
    const char *port = end && *end == ']' ? strchr(end, ':') : end;
    int64_t number = DEFAULT_PORT;
    if (port && wr_number_parse(port + 1, 1, 65535, &number) != WEIR_OK)
        return false;
    *ret_port = (int)number;
    if (end)
        *end = '\0';
    snprintf(host, 256, "%s", begin + (*begin == '['));
    return host[0] != '\0';
}

static weir_err dial_any(wr_kafka_ids *ids)
{
    weir_err err = WEIR_E_UNREACHABLE;
    for (const char *at = ids->servers; *at && err != WEIR_OK;) {
        size_t size = strcspn(at, ", ");
        char host[256];
        int port;
        if (size && parse_server(at, size, host, &port))
            err = wr_dial_open(host, port, DIAL_MS, &ids->dial);
        at += size + (at[size] != '\0');
    }
    return err;
}

static weir_err ask(wr_kafka_ids *ids, const char *const *topics, size_t count, wr_topic_id *ret_ids)
{
    wr_buf request;
    uint8_t prefix[4], *answer = NULL;
    weir_err err = ids->dial ? WEIR_OK : dial_any(ids);
    wr_buf_init(&request, 1 << 20);
    wr_topic_ids_encode(++ids->correlation_id, topics, count, &request);
    if (err == WEIR_OK && wr_buf_failed(&request))
        err = WEIR_E_MEMORY;
    if (err == WEIR_OK)
        err = wr_dial_write(ids->dial, request.data, request.size, DIAL_MS);
    if (err == WEIR_OK)
        err = wr_dial_read(ids->dial, prefix, sizeof(prefix), DIAL_MS);
    if (err == WEIR_OK) {
        size_t size = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 | (size_t)prefix[2] << 8 | prefix[3];
        answer = size <= ANSWER_SIZE_MAX ? malloc(size ? size : 1) : NULL;
        err = answer ? wr_dial_read(ids->dial, answer, size, DIAL_MS) : WEIR_E_LIMIT;
        if (err == WEIR_OK)
            err = wr_topic_ids_decode((weir_slice){answer, size}, ids->correlation_id, topics, count, ret_ids);
    }
    free(answer);
    wr_buf_fini(&request);
    if (err != WEIR_OK) { /* the next look begins anew */
        wr_dial_close(ids->dial);
        ids->dial = NULL;
    }
    return err;
}

static bool is_known(const wr_topic_id *id)
{
    static const wr_topic_id none;
    return memcmp(id, &none, sizeof(none)) != 0;
}

/* One look. The lock is held, but not while waiting for the broker; topics are only ever added. */
static void look(wr_kafka_ids *ids)
{
    const char *topics[WR_TOPIC_IDS_MAX];
    wr_topic_id found[WR_TOPIC_IDS_MAX] = {0};
    size_t count = ids->count;
    unsigned asked = ids->asked;
    memcpy(topics, ids->topics, count * sizeof(topics[0]));
    pthread_mutex_unlock(&ids->lock);
    weir_err err = count ? ask(ids, topics, count, found) : WEIR_OK;
    pthread_mutex_lock(&ids->lock);
    bool is_news = false;
    for (size_t i = 0; i < count && err == WEIR_OK; i++) {
        if (is_known(&found[i])) /* else it is away: the last id stays */
            ids->ids[i] = found[i];
        is_news = is_news || memcmp(&ids->ids[i], &ids->told[i], sizeof(ids->ids[i])) != 0;
    }
    ids->looks += err == WEIR_OK && count && !is_news;
    ids->answered = asked;
    pthread_cond_broadcast(&ids->changed);
    if (is_news && !ids->is_ending)
        ids->wake(ids->user);
}

static void *watch(void *user)
{
    wr_kafka_ids *ids = user;
    pthread_mutex_lock(&ids->lock);
    while (!ids->is_ending) {
        look(ids);
        struct timespec until = after_ms(EVERY_MS);
        while (!ids->is_ending && ids->asked == ids->answered &&
               pthread_cond_timedwait(&ids->changed, &ids->lock, &until) == 0)
            ;
    }
    leave(ids);
    return NULL;
}

/* ---- for the consumer */

weir_err wr_kafka_ids_new(const char *servers, void (*wake)(void *user), void *user, wr_kafka_ids **ret_ids)
{
    wr_kafka_ids *ids = calloc(1, sizeof(*ids));
    char *copy = strdup(servers);
    if (!ids || !copy) {
        free(ids);
        free(copy);
        return WEIR_E_MEMORY;
    }
    *ids = (wr_kafka_ids){.servers = copy, .wake = wake, .user = user, .owners = 2};
    pthread_mutex_init(&ids->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ids->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, ids) != 0) {
        ids->owners = 1;
        pthread_mutex_lock(&ids->lock);
        leave(ids);
        return WEIR_E_MEMORY;
    }
    pthread_detach(thread);
    *ret_ids = ids;
    return WEIR_OK;
}

void wr_kafka_ids_free(wr_kafka_ids *ids)
{
    if (!ids)
        return;
    pthread_mutex_lock(&ids->lock);
    ids->is_ending = true;
    pthread_cond_broadcast(&ids->changed);
    leave(ids);
}

static size_t topic_at(const wr_kafka_ids *ids, const char *topic)
{
    size_t at = 0;
    while (at < ids->count && strcmp(ids->topics[at], topic) != 0)
        at++;
    return at;
}

void wr_kafka_ids_add(wr_kafka_ids *ids, const char *topic)
{
    if (!ids)
        return;
    pthread_mutex_lock(&ids->lock);
    char *copy = topic_at(ids, topic) == ids->count && ids->count < WR_TOPIC_IDS_MAX ? strdup(topic) : NULL;
    if (copy)
        ids->topics[ids->count++] = copy;
    pthread_mutex_unlock(&ids->lock);
}

void wr_kafka_ids_refresh(wr_kafka_ids *ids, int timeout_ms)
{
    if (!ids)
        return;
    struct timespec until = after_ms(timeout_ms);
    pthread_mutex_lock(&ids->lock);
    unsigned wanted = ++ids->asked;
    pthread_cond_broadcast(&ids->changed);
    while (ids->answered != wanted && pthread_cond_timedwait(&ids->changed, &ids->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&ids->lock);
}

int64_t wr_kafka_ids_looks(wr_kafka_ids *ids)
{
    if (!ids)
        return -1;
    pthread_mutex_lock(&ids->lock);
    int64_t looks = ids->looks ? ids->looks : -1;
    pthread_mutex_unlock(&ids->lock);
    return looks;
}

wr_topic_id wr_kafka_ids_tell(wr_kafka_ids *ids, const char *topic)
{
    wr_topic_id id = {0};
    if (!ids)
        return id;
    pthread_mutex_lock(&ids->lock);
    size_t at = topic_at(ids, topic);
    if (at < ids->count)
        id = ids->told[at] = ids->ids[at];
    pthread_mutex_unlock(&ids->lock);
    return id;
}

bool wr_kafka_ids_next(wr_kafka_ids *ids, char *ret_topic, size_t size, wr_topic_id *ret_id)
{
    bool is_news = false;
    if (!ids)
        return false;
    pthread_mutex_lock(&ids->lock);
    for (size_t i = 0; i < ids->count && !is_news; i++) {
        is_news = memcmp(&ids->ids[i], &ids->told[i], sizeof(ids->ids[i])) != 0;
        if (!is_news)
            continue;
        snprintf(ret_topic, size, "%s", ids->topics[i]);
        *ret_id = ids->told[i] = ids->ids[i];
    }
    pthread_mutex_unlock(&ids->lock);
    return is_news;
}
