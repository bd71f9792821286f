/* See dial.h: a non-blocking socket and poll. A timeout is one for the whole call, however many pieces it takes. */
#include "dial.h"
#include "io_int.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct wr_dial {
    int fd;
};

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static weir_err wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - mono_ms();
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

weir_err wr_dial_open(const char *host, int port, int timeout_ms, wr_dial **ret_dial)
{
    int64_t deadline_ms = mono_ms() + timeout_ms;
    char service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *first = NULL;
    if (port < 1 || port > 65535)
        return WEIR_E_USAGE;
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &first) != 0)
        return WEIR_E_UNREACHABLE;
    wr_dial *dial = malloc(sizeof *dial);
    weir_err err = dial ? WEIR_E_UNREACHABLE : WEIR_E_MEMORY;
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
    int64_t deadline_ms = mono_ms() + timeout_ms;
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
    int64_t deadline_ms = mono_ms() + timeout_ms;
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
