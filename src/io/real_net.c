/* Real sockets: listening, connecting, reading and writing. See real_int.h for how readiness is kept. */
#include "real_int.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ACCEPT_BURST = 64, BACKLOG = 4096, SLICE_COUNT_MAX = 64, RETRY_US = 100000, COPY_SIZE = 16384 };

static real_stream *stream_of(const wr_stream *stream)
{
    return WR_LIST_ITEM(wr_unconst(stream), real_stream, base);
}

static real_listener *listener_of(const wr_listener *listener)
{
    return WR_LIST_ITEM(wr_unconst(listener), real_listener, base);
}

/* ---- addresses */

/* The addresses of a host: numbers without asking anybody, names by the system's resolver, IPv4 first. */
static int resolve(const char *host, int port, int flags, struct addrinfo **ret_first)
{
    char service[8];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV | AI_NUMERICHOST};
    int status = getaddrinfo(host, service, &hints, ret_first);
    if (status != EAI_NONAME)
        return status;
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_family = AF_INET;
    if (getaddrinfo(host, service, &hints, ret_first) == 0)
        return 0;
    hints.ai_family = AF_INET6;
    return getaddrinfo(host, service, &hints, ret_first);
}

static void address_print(const struct sockaddr_storage *address, char ret_text[WR_ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(ret_text, WR_ADDRESS_TEXT_SIZE, "%s:%d", host, ntohs(in->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)address;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(ret_text, WR_ADDRESS_TEXT_SIZE, "[%s]:%d", host, ntohs(in->sin6_port));
    } else {
        snprintf(ret_text, WR_ADDRESS_TEXT_SIZE, "unknown");
    }
}

static const char *address_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *), char text[WR_ADDRESS_TEXT_SIZE])
{
    if (text[0] == '\0') {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        if (get(fd, (struct sockaddr *)&address, &size) != 0)
            return "unknown"; /* not connected yet, or no more */
        address_print(&address, text);
    }
    return text;
}

const char *real_stream_peer(const wr_stream *stream)
{
    return address_of(stream_of(stream)->watch.fd, getpeername, stream_of(stream)->peer);
}

const char *real_stream_local(const wr_stream *stream)
{
    return address_of(stream_of(stream)->watch.fd, getsockname, stream_of(stream)->local);
}

/* ---- streams */

/* Takes fd, also when it fails. */
static weir_err stream_new(real_loop *loop, int fd, unsigned ready, real_stream **ret_stream)
{
    real_stream *stream = calloc(1, sizeof *stream);
    if (!stream) {
        close(fd);
        return WEIR_E_MEMORY;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a slower stream is still a stream */
    stream->base.ops = &real_loop_ops;
    stream->loop = loop;
    stream->watch = (real_watch){.kind = REAL_STREAM, .fd = fd, .ready = ready};
    weir_err err = real_watch_add(loop, &stream->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    if (err != WEIR_OK) {
        close(fd);
        free(stream);
        return err;
    }
    loop->open_count++;
    *ret_stream = stream;
    return WEIR_OK;
}

bool real_stream_due(const real_stream *stream)
{
    return !stream->watch.closed && stream->base.events && (stream->watch.ready & stream->base.want);
}

void real_stream_wants(wr_stream *base)
{
    real_stream *stream = stream_of(base);
    if (real_stream_due(stream))
        real_watch_queue(stream->loop, &stream->watch);
}

void real_stream_run(real_stream *stream)
{
    const wr_stream *base = &stream->base;
    if (real_stream_due(stream) && (stream->watch.ready & base->want & WR_WANT_READ) && base->events->readable)
        base->events->readable(base->user);
    if (real_stream_due(stream) && (stream->watch.ready & base->want & WR_WANT_WRITE) && base->events->writable)
        base->events->writable(base->user);
    if (real_stream_due(stream))
        real_watch_queue(stream->loop, &stream->watch);
}

weir_err real_stream_read(wr_stream *base, void *ret_bytes, size_t size, size_t *ret_size)
{
    real_stream *stream = stream_of(base);
    ssize_t got;
    do
        got = recv(stream->watch.fd, ret_bytes, size, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        if ((size_t)got < size && !stream->hung_up)
            stream->watch.ready &= ~(unsigned)WR_WANT_READ; /* drained: what comes next is a new edge */
        *ret_size = (size_t)got;
        return WEIR_OK;
    }
    if (got < 0 && errno == EAGAIN) {
        stream->watch.ready &= ~(unsigned)WR_WANT_READ;
        return WEIR_E_AGAIN;
    }
    if (got == 0)
        errno = 0;
    return WEIR_E_CLOSED;
}

static weir_err sent(real_stream *stream, ssize_t size, size_t *ret_size)
{
    if (size >= 0) {
        *ret_size = (size_t)size;
        return WEIR_OK;
    }
    if (errno == EAGAIN) {
        stream->watch.ready &= ~(unsigned)WR_WANT_WRITE;
        return WEIR_E_AGAIN;
    }
    return WEIR_E_CLOSED;
}

weir_err real_stream_write(wr_stream *base, const weir_slice *slices, size_t count, size_t *ret_size)
{
    real_stream *stream = stream_of(base);
    struct iovec parts[SLICE_COUNT_MAX];
    if (count > SLICE_COUNT_MAX)
        count = SLICE_COUNT_MAX;
    for (size_t i = 0; i < count; i++)
        parts[i] = (struct iovec){.iov_base = wr_unconst(slices[i].data), .iov_len = slices[i].size};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t size;
    do
        size = sendmsg(stream->watch.fd, &message, MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return sent(stream, size, ret_size);
}

/* For files without a descriptor, and outside of wr_loop_run, where SIGPIPE is not blocked. */
static weir_err send_copy(real_stream *stream, wr_file *file, int64_t at, size_t size, size_t *ret_size)
{
    uint8_t bytes[COPY_SIZE];
    size_t got;
    weir_err err = wr_file_read(file, at, bytes, size < sizeof bytes ? size : sizeof bytes, &got);
    if (err != WEIR_OK)
        return err;
    return real_stream_write(&stream->base, &(weir_slice){bytes, got}, 1, ret_size);
}

weir_err real_stream_send_file(wr_stream *base, wr_file *file, int64_t at, size_t size, size_t *ret_size)
{
    real_stream *stream = stream_of(base);
    int fd = wr_file_descriptor(file);
    if (fd < 0 || !stream->loop->running)
        return send_copy(stream, file, at, size, ret_size);
    ssize_t done;
    off_t from = at;
    do
        done = sendfile(stream->watch.fd, fd, &from, size);
    while (done < 0 && errno == EINTR);
    if (done < 0 && (errno == EINVAL || errno == ENOSYS)) /* the file system cannot */
        return send_copy(stream, file, at, size, ret_size);
    if (done < 0 && errno == EIO)
        return WEIR_E_IO; /* the file's, not the socket's */
    return sent(stream, done, ret_size);
}

void real_stream_end(wr_stream *base)
{
    shutdown(stream_of(base)->watch.fd, SHUT_WR); /* fails when the other side is gone, which a read tells */
}

void real_stream_close(wr_stream *base)
{
    real_stream *stream = stream_of(base);
    real_watch_close(stream->loop, &stream->watch);
}

weir_err real_connect(wr_loop *base, const char *host, int port, wr_stream **ret_stream)
{
    struct addrinfo *first = NULL;
    if (resolve(host, port, 0, &first) != 0)
        return WEIR_E_UNREACHABLE;
    weir_err err = WEIR_E_UNREACHABLE;
    for (const struct addrinfo *at = first; at && err != WEIR_OK; at = at->ai_next) {
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            err = WEIR_E_IO;
            continue;
        }
        /* connect interrupted by a signal goes on in the background, like EINPROGRESS */
        if (connect(fd, at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS && errno != EINTR) {
            int os_error = errno;
            close(fd);
            errno = os_error;
            err = WEIR_E_UNREACHABLE;
            continue;
        }
        real_stream *stream;
        err = stream_new(real_loop_of(base), fd, 0, &stream);
        if (err == WEIR_OK)
            *ret_stream = &stream->base;
    }
    freeaddrinfo(first);
    return err;
}

/* ---- listening */
static void listener_retry(void *user)
{
    real_listener *listener = user;
    real_watch_queue(listener->loop, &listener->watch);
}

/* Accepts a bounded number and lets others have their turn. */
void real_listener_run(real_listener *listener)
{
    real_loop *loop = listener->loop;
    for (int i = 0; i < ACCEPT_BURST; i++) {
        int fd = accept4(listener->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            weir_err err =
                wr_timer_start(&loop->base, &listener->retry, loop->now_us + RETRY_US, listener_retry, listener);
            if (err != WEIR_OK)
                real_watch_queue(loop, &listener->watch); /* not even a timer: ask again at once */
            return;
        }
        real_stream *stream;
        if (fd < 0 || stream_new(loop, fd, WR_WANT_WRITE, &stream) != WEIR_OK)
            continue; /* gone before it was accepted, or refused for want of memory */
        listener->accept(listener->user, &stream->base);
        if (listener->watch.closed)
            return;
    }
    real_watch_queue(loop, &listener->watch);
}

static int listen_socket(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int os_error = errno;
    close(fd);
    errno = os_error;
    return -1;
}

static weir_err listen_failed(weir_failure *failure, const char *host, int port)
{
    int os_error = errno;
    weir_err err = os_error == EADDRINUSE ? WEIR_E_EXISTS
                   : os_error == EACCES   ? WEIR_E_DENIED
                                          : wr_err_of_errno(os_error);
    const char *hint = os_error == EADDRINUSE ? "; another program listens there, choose another port or stop it" : "";
    weir_fail(failure, err, "cannot listen on %s port %d: %s%s", host, port, strerrordesc_np(os_error), hint);
    if (failure)
        failure->os_error = os_error;
    return err;
}

weir_err real_listen(wr_loop *base, const char *host, int port, void (*accept)(void *user, wr_stream *stream),
                     void *user, wr_listener **ret_listener, weir_failure *failure)
{
    real_loop *loop = real_loop_of(base);
    struct addrinfo *first = NULL;
    int status = resolve(host, port, AI_PASSIVE, &first);
    if (status != 0)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "cannot listen on %s: %s", host, gai_strerror(status));
    int fd = listen_socket(first);
    freeaddrinfo(first);
    if (fd < 0)
        return listen_failed(failure, host, port);

    real_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        close(fd);
        return weir_fail(failure, WEIR_E_MEMORY, "cannot listen on %s port %d: out of memory", host, port);
    }
    listener->base.ops = &real_loop_ops;
    listener->loop = loop;
    listener->accept = accept;
    listener->user = user;
    listener->watch = (real_watch){.kind = REAL_LISTENER, .fd = fd};
    weir_err err = real_watch_add(loop, &listener->watch, EPOLLIN);
    if (err != WEIR_OK) {
        weir_fail(failure, err, "cannot listen on %s port %d: epoll refuses it", host, port);
        close(fd);
        free(listener);
        return err;
    }
    loop->open_count++;
    *ret_listener = &listener->base;
    return WEIR_OK;
}

int wr_socket_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {0};
    socklen_t size = sizeof address;
    int status = getsockname(fd, &address.any, &size);
    assert(status == 0);
    return ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
}

int real_listener_port(const wr_listener *listener)
{
    return wr_socket_port(listener_of(listener)->watch.fd);
}

void real_listener_close(wr_listener *base)
{
    real_listener *listener = listener_of(base);
    wr_timer_stop(&listener->loop->base, &listener->retry);
    real_watch_close(listener->loop, &listener->watch);
}
