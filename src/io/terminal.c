/* Descriptors of command-line tools. See terminal.h. */
#include "terminal.h"
#include "io_int.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH_DEFAULT = 80, HEIGHT_DEFAULT = 24, LINES_FIRST_SIZE = 4096 };

bool wr_terminal_is(int fd)
{
    return isatty(fd) == 1;
}

int wr_terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

int wr_terminal_height(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : HEIGHT_DEFAULT;
}

/* Like poll, but a descriptor that refuses to be polled is ready, and a signal only shortens the wait. */
static weir_err wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd watch = {.fd = fd, .events = events};
    int count = poll(&watch, 1, timeout_ms);
    if (count < 0)
        return errno == EINTR ? WEIR_E_AGAIN : WEIR_E_IO;
    return count == 0 ? WEIR_E_TIMEOUT : WEIR_OK;
}

/* ---- descriptors */
static weir_err write_blocked(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t put = writev(fd, parts, count);
        if (put < 0 && errno == EAGAIN) {
            weir_err err = wait_for(fd, POLLOUT, -1); /* somebody made it non-blocking */
            if (err != WEIR_OK && err != WEIR_E_AGAIN)
                return err;
            continue;
        }
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EPIPE ? WEIR_E_CLOSED : wr_err_of_errno(errno);
        size_t done = (size_t)put;
        while (count > 0 && done >= parts->iov_len) {
            done -= parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + done;
            parts->iov_len -= done;
        }
    }
    return WEIR_OK;
}

/* SIGPIPE is blocked for the time of the call, and taken if it came. */
static weir_err write_parts(int fd, struct iovec *parts, int count)
{
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    weir_err err = write_blocked(fd, parts, count);
    if (!sigismember(&before, SIGPIPE)) {
        const struct timespec now = {0};
        int os_error = errno;
        while (err == WEIR_E_CLOSED && sigtimedwait(&pipe_signal, NULL, &now) == SIGPIPE)
            ;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        errno = os_error;
    }
    return err;
}

bool wr_descriptor_is_writable(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY;
}

weir_err wr_descriptor_write(int fd, const void *bytes, size_t size)
{
    struct iovec part = {wr_unconst(bytes), size};
    return size ? write_parts(fd, &part, 1) : WEIR_OK;
}

weir_err wr_descriptor_write_line(int fd, const char *text)
{
    char end[] = "\n";
    struct iovec parts[] = {{wr_unconst(text), strlen(text)}, {end, 1}};
    return write_parts(fd, parts, 2);
}

weir_err wr_descriptor_read(int fd, void *ret_bytes, size_t size, size_t *ret_size)
{
    for (;;) {
        ssize_t got = read(fd, ret_bytes, size);
        if (got > 0) {
            *ret_size = (size_t)got;
            return WEIR_OK;
        }
        if (got == 0)
            return WEIR_E_CLOSED;
        if (errno == EINTR)
            return WEIR_E_AGAIN;
        if (errno != EAGAIN)
            return WEIR_E_IO;
        weir_err err = wait_for(fd, POLLIN, -1);
        if (err != WEIR_OK)
            return err;
    }
}

void wr_descriptor_close(int fd)
{
    close(fd);
}

weir_err wr_descriptor_wait(int fd, int timeout_ms)
{
    return wait_for(fd, POLLIN, timeout_ms);
}

weir_err wr_descriptor_ready(int fd, bool or_write, int *left_ms)
{
    int64_t now_ms = wr_mono_now_ms(), end_ms = now_ms + *left_ms;
    weir_err err;
    do {
        err = wait_for(fd, (short)(or_write ? POLLIN | POLLOUT : POLLIN), *left_ms);
        now_ms = wr_mono_now_ms();
        *left_ms = now_ms < end_ms ? (int)(end_ms - now_ms) : 0;
    } while (err == WEIR_E_AGAIN && *left_ms > 0);
    return err == WEIR_E_AGAIN ? WEIR_E_TIMEOUT : err;
}

void wr_descriptors_fill_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0) /* the lowest free number is this one */
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* ---- lines */
struct wr_lines {
    int fd;
    size_t limit_size;
    bool skipping, ended;
    char *bytes;
    size_t from, size, capacity; /* bytes[from..size) are not given yet */
    size_t searched;             /* bytes[from..searched) hold no line end */
};

weir_err wr_lines_new(int fd, size_t limit_size, wr_lines **ret_lines)
{
    wr_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return WEIR_E_MEMORY;
    lines->fd = fd;
    lines->limit_size = limit_size;
    *ret_lines = lines;
    return WEIR_OK;
}

void wr_lines_free(wr_lines *lines)
{
    if (!lines)
        return;
    free(lines->bytes);
    free(lines);
}

/* Takes bytes[from..end) and the line end behind it. */
static weir_slice line_take(wr_lines *lines, size_t end, size_t next)
{
    weir_slice line = {(const uint8_t *)lines->bytes + lines->from, end - lines->from};
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    lines->from = lines->searched = next;
    return line;
}

/* Room for one more read behind what is held; a line may be limit_size and its two end bytes long. */
static weir_err lines_room(wr_lines *lines)
{
    if (lines->from > 0) {
        memmove(lines->bytes, lines->bytes + lines->from, lines->size - lines->from);
        lines->size -= lines->from;
        lines->searched -= lines->from;
        lines->from = 0;
    }
    if (lines->size < lines->capacity)
        return WEIR_OK;
    size_t capacity = lines->capacity ? lines->capacity * 2 : LINES_FIRST_SIZE;
    if (capacity > lines->limit_size + 2 && lines->limit_size + 2 > lines->capacity)
        capacity = lines->limit_size + 2;
    char *bytes = realloc(lines->bytes, capacity);
    if (!bytes)
        return WEIR_E_MEMORY;
    lines->bytes = bytes;
    lines->capacity = capacity;
    return WEIR_OK;
}

/* A whole line that is held: true and the answer, which may be that it is too long. */
static bool line_find(wr_lines *lines, weir_slice *ret_line, weir_err *ret_err)
{
    const char *end = lines->size > lines->searched
                          ? memchr(lines->bytes + lines->searched, '\n', lines->size - lines->searched)
                          : NULL;
    lines->searched = lines->size;
    if (!end && lines->size - lines->from >= lines->limit_size + 2) {
        lines->from = lines->searched = lines->size = 0; /* no line of a legal size can come of this */
        bool told = lines->skipping;
        lines->skipping = true;
        *ret_err = WEIR_E_LIMIT;
        return !told;
    }
    if (!end && !(lines->ended && (lines->size > lines->from || lines->skipping)))
        return false;
    size_t at = end ? (size_t)(end - lines->bytes) : lines->size;
    weir_slice line = line_take(lines, at, end ? at + 1 : at);
    if (lines->skipping) {
        lines->skipping = false;
        return line_find(lines, ret_line, ret_err);
    }
    *ret_err = line.size > lines->limit_size ? WEIR_E_LIMIT : WEIR_OK;
    if (*ret_err == WEIR_OK)
        *ret_line = line;
    return true;
}

weir_err wr_lines_next(wr_lines *lines, int timeout_ms, weir_slice *ret_line)
{
    for (;;) {
        weir_err err = WEIR_OK;
        if (line_find(lines, ret_line, &err))
            return err;
        if (lines->ended)
            return WEIR_E_CLOSED;
        err = timeout_ms < 0 ? WEIR_OK : wait_for(lines->fd, POLLIN, timeout_ms);
        if (err == WEIR_OK)
            err = lines_room(lines);
        size_t got = 0;
        if (err == WEIR_OK)
            err = wr_descriptor_read(lines->fd, lines->bytes + lines->size, lines->capacity - lines->size, &got);
        if (err == WEIR_E_CLOSED)
            lines->ended = true;
        else if (err != WEIR_OK)
            return err;
        lines->size += got;
    }
}

void wr_wait_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}
