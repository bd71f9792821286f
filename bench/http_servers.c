/* libmicrohttpd against libevent's evhttp: one small server on each, with the same behaviour.
 *
 *     GET  any path   200 bytes, answered on the server's thread
 *     POST any path   the body is handed to another thread, which answers 202 (as a service's commands are)
 *
 * Build and run (both libraries' headers are needed; weir itself needs the chosen one only):
 *     cc -O2 -D_GNU_SOURCE bench/http_servers.c -o http_servers -lmicrohttpd -levent -levent_pthreads -lpthread
 *     http_servers mhd|evhttp PORT [THREADS]
 * then drive each in turn, A/B/A/B, with wrk. docs/developing/http.md says what was chosen. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY_MAX = 1 << 20 };

static char text[200];

/* ---- the other thread: a queue of things to answer */
typedef struct item {
    struct item *next;
    void (*answer)(struct item *item);
} item;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static item *first, **last = &first;

static void push(item *it)
{
    pthread_mutex_lock(&lock);
    it->next = NULL;
    *last = it;
    last = &it->next;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
}

static void *answer_all(void *unused)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!first)
            pthread_cond_wait(&filled, &lock);
        item *it = first;
        first = NULL;
        last = &first;
        pthread_mutex_unlock(&lock);
        while (it) {
            item *next = it->next;
            it->answer(it);
            it = next;
        }
    }
    return unused;
}

/* ---- libmicrohttpd */
typedef struct mhd_request {
    item item;
    struct MHD_Connection *connection;
    size_t size;
    char *body;
    bool whole, answered;
} mhd_request;

static void mhd_answer(item *it)
{
    mhd_request *request = (mhd_request *)it;
    request->answered = true;
    MHD_resume_connection(request->connection);
}

static enum MHD_Result mhd_reply(struct MHD_Connection *connection, int status, const char *bytes, size_t size)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result mhd_handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **state)
{
    (void)user, (void)url, (void)version;
    mhd_request *request = *state;
    if (!request) {
        *state = request = calloc(1, sizeof *request);
        request->connection = connection;
        request->item.answer = mhd_answer;
        return MHD_YES;
    }
    if (*size) {
        if (request->size + *size > BODY_MAX)
            return MHD_NO;
        request->body = realloc(request->body, request->size + *size);
        memcpy(request->body + request->size, data, *size);
        request->size += *size;
        *size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "POST") != 0)
        return mhd_reply(connection, 200, text, sizeof text);
    if (request->answered)
        return mhd_reply(connection, 202, "{}", 2);
    MHD_suspend_connection(connection);
    push(&request->item);
    return MHD_YES;
}

static void mhd_done(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)user, (void)connection, (void)code;
    mhd_request *request = *state;
    if (request)
        free(request->body);
    free(request);
}

static void mhd_run(int port, int threads)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct MHD_OptionItem many[] = {{MHD_OPTION_THREAD_POOL_SIZE, threads, NULL}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem one[] = {{MHD_OPTION_END, 0, NULL}};
    if (!MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, port, NULL, NULL,
                          mhd_handle, NULL, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_NOTIFY_COMPLETED, mhd_done, NULL,
                          MHD_OPTION_CONNECTION_LIMIT, 1024u, MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_ARRAY,
                          threads > 1 ? many : one, MHD_OPTION_END))
        exit(1);
}

/* ---- evhttp: one event base a thread, all accepting from one socket */
typedef struct ev_server {
    pthread_mutex_t lock;
    struct event *wake;
    item *answered;
} ev_server;

typedef struct ev_request {
    item item;
    ev_server *server;
    struct evhttp_request *request;
    size_t size;
    char *body;
} ev_request;

static void ev_answer(item *it)
{
    ev_server *server = ((ev_request *)it)->server;
    pthread_mutex_lock(&server->lock);
    bool was_empty = !server->answered;
    it->next = server->answered;
    server->answered = it;
    pthread_mutex_unlock(&server->lock);
    if (was_empty)
        event_active(server->wake, 0, 0);
}

static void ev_reply(struct evhttp_request *request, int status, const char *bytes, size_t size)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/json");
    evbuffer_add_reference(evhttp_request_get_output_buffer(request), bytes, size, NULL, NULL);
    evhttp_send_reply(request, status, NULL, NULL);
}

static void ev_send_answered(evutil_socket_t unused, short events, void *user)
{
    (void)unused, (void)events;
    ev_server *server = user;
    pthread_mutex_lock(&server->lock);
    item *it = server->answered;
    server->answered = NULL;
    pthread_mutex_unlock(&server->lock);
    while (it) {
        ev_request *request = (ev_request *)it;
        it = it->next;
        ev_reply(request->request, 202, "{}", 2);
        free(request->body);
        free(request);
    }
}

static void ev_handle(struct evhttp_request *http, void *user)
{
    if (evhttp_request_get_command(http) != EVHTTP_REQ_POST) {
        ev_reply(http, 200, text, sizeof text);
        return;
    }
    ev_request *request = calloc(1, sizeof *request);
    struct evbuffer *body = evhttp_request_get_input_buffer(http);
    request->size = evbuffer_get_length(body);
    request->body = malloc(request->size + 1);
    evbuffer_remove(body, request->body, request->size);
    request->request = http;
    request->server = user;
    request->item.answer = ev_answer;
    push(&request->item);
}

static void *ev_loop(void *base)
{
    event_base_dispatch(base);
    return NULL;
}

static void ev_run(int port, int threads)
{
    evthread_use_pthreads();
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1024) != 0)
        exit(1);
    for (int i = 0; i < threads; i++) {
        struct event_base *base = event_base_new();
        struct evhttp *http = evhttp_new(base);
        ev_server *server = calloc(1, sizeof *server);
        pthread_mutex_init(&server->lock, NULL);
        server->wake = event_new(base, -1, EV_PERSIST, ev_send_answered, server);
        event_add(server->wake, NULL);
        evhttp_set_max_body_size(http, BODY_MAX);
        evhttp_set_max_headers_size(http, 16384);
        evhttp_set_timeout(http, 30);
        evhttp_set_gencb(http, ev_handle, server);
        evhttp_accept_socket(http, listener);
        pthread_t thread;
        pthread_create(&thread, NULL, ev_loop, base);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    memset(text, 'x', sizeof text);
    int threads = argc > 3 ? atoi(argv[3]) : 1;
    (argv[1][0] == 'm' ? mhd_run : ev_run)(atoi(argv[2]), threads);
    pthread_t worker;
    pthread_create(&worker, NULL, answer_all, NULL);
    pause();
    return 0;
}
