/* See dial.h: a non-blocking socket and poll. A timeout is one for the whole call, however many pieces it takes.
 *
 * getaddrinfo has no timeout, and a resolver that does not answer holds it for half a minute. So a name is looked up on
 * a thread of its own, which is left behind when the time is over: what it uses belongs to it and to the caller, and the
 * second of them to let go frees it. An address needs nobody's answer and no thread. */
#include "dial.h"
#include "io_int.h"
#include "stop.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAME_SIZE_MAX = 1025 }; /* as NI_MAXHOST */

struct wr_dial {
    int fd;
};

static weir_err wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - wr_mono_now_ms();
        struct pollfd watched = {.fd = fd, .events = events};
        int count = poll(&watched, 1, left_ms > 0 ? (int)left_ms : 0);
        if (count > 0)
            return WEIR_OK;
        if (count == 0)
            return WEIR_E_TIMEOUT;
        if (errno != EINTR)
            return WEIR_E_IO;
    }
}

static weir_err connect_to(const struct addrinfo *address, int64_t deadline_ms, int *ret_fd)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return wr_err_of_errno(errno);
    weir_err err = WEIR_OK;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        err = errno == EINPROGRESS ? wait_for(fd, POLLOUT, deadline_ms) : WEIR_E_UNREACHABLE;
    int failed = 0;
    socklen_t size = sizeof failed;
    if (err == WEIR_OK && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0))
        err = WEIR_E_UNREACHABLE;
    if (err != WEIR_OK) {
        close(fd);
        return err;
    }
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* slower without */
    *ret_fd = fd;
    return WEIR_OK;
}

/* ---- names */

typedef struct lookup {
    char host[NAME_SIZE_MAX], service[8];
    struct addrinfo *first; /* NULL: there is no such name */
    atomic_bool is_let_go;  /* by the thread, or by who waits for it */
} lookup;

static void let_go(lookup *self)
{
    if (!atomic_exchange(&self->is_let_go, true))
        return;
    if (self->first)
        freeaddrinfo(self->first);
    free(self);
}

static struct addrinfo *find_addresses(const char *host, const char *service, int flags)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags}, *first = NULL;
    return getaddrinfo(host, service, &hints, &first) == 0 ? first : NULL;
}

static void run_lookup(void *user)
{
    lookup *self = user;
    self->first = find_addresses(self->host, self->service, 0);
    let_go(self);
}

static weir_err look_up(const char *host, const char *service, int64_t deadline_ms, struct addrinfo **ret_first)
{
    *ret_first = find_addresses(host, service, AI_NUMERICHOST);
    if (*ret_first)
        return WEIR_OK;
    if (strlen(host) >= NAME_SIZE_MAX)
        return WEIR_E_UNREACHABLE;
    int64_t left_ms = deadline_ms - wr_mono_now_ms();
    lookup *self = calloc(1, sizeof *self);
    if (!self)
        return WEIR_E_MEMORY;
    snprintf(self->host, sizeof self->host, "%s", host);
    snprintf(self->service, sizeof self->service, "%s", service);
    atomic_init(&self->is_let_go, false);
    weir_err err = WEIR_E_TIMEOUT;
    if (wr_run_within(left_ms > 0 ? (int)left_ms : 0, run_lookup, self)) {
        *ret_first = self->first;
        self->first = NULL;
        err = *ret_first ? WEIR_OK : WEIR_E_UNREACHABLE;
    }
    let_go(self);
    return err;
}

/* ---- the door */

weir_err wr_dial_open(const char *host, int port, int timeout_ms, wr_dial **ret_dial)
{
    int64_t deadline_ms = wr_mono_now_ms() + timeout_ms;
    char service[8];
    struct addrinfo *first;
    if (port < 1 || port > 65535)
        return WEIR_E_USAGE;
    snprintf(service, sizeof service, "%d", port);
    weir_err err = look_up(host, service, deadline_ms, &first);
    if (err != WEIR_OK)
        return err;
    wr_dial *dial = malloc(sizeof *dial);
    err = dial ? WEIR_E_UNREACHABLE : WEIR_E_MEMORY;
    for (const struct addrinfo *at = first; dial && at && err != WEIR_OK && err != WEIR_E_TIMEOUT; at = at->ai_next)
        err = connect_to(at, deadline_ms, &dial->fd);
    freeaddrinfo(first);
    if (err != WEIR_OK) {
        free(dial);
        return err;
    }
    *ret_dial = dial;
    return WEIR_OK;
}

void wr_dial_close(wr_dial *dial)
{
    if (!dial)
        return;
    close(dial->fd);
    free(dial);
}

weir_err wr_dial_write(wr_dial *dial, const void *bytes, size_t size, int timeout_ms)
{
    int64_t deadline_ms = wr_mono_now_ms() + timeout_ms;
    for (size_t done = 0; done < size;) {
        ssize_t put = send(dial->fd, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (put >= 0) {
            done += (size_t)put;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return WEIR_E_CLOSED;
        weir_err err = wait_for(dial->fd, POLLOUT, deadline_ms);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

weir_err wr_dial_read(wr_dial *dial, void *ret_bytes, size_t size, int timeout_ms)
{
    int64_t deadline_ms = wr_mono_now_ms() + timeout_ms;
    for (size_t done = 0; done < size;) {
        ssize_t got = recv(dial->fd, (char *)ret_bytes + done, size - done, 0);
        if (got > 0) {
            done += (size_t)got;
            continue;
        }
        if (got == 0)
            return WEIR_E_CLOSED;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return WEIR_E_CLOSED;
        weir_err err = wait_for(dial->fd, POLLIN, deadline_ms);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}
