/* What a command-line tool needs of its descriptors when it does not run a loop. */
#ifndef WR_TERMINAL_H
#define WR_TERMINAL_H

#include <weir/bytes.h>

enum { WR_STDIN = 0, WR_STDOUT = 1, WR_STDERR = 2 };

bool wr_terminal_is(int fd);
int wr_terminal_width(int fd);  /* columns; 80 when it is not a terminal or does not say */
int wr_terminal_height(int fd); /* rows; 24 in the same case */

/* ---- descriptors that somebody else opened */
/* Writes all. WEIR_E_CLOSED when nobody reads any more (`| head`); the signal SIGPIPE is not raised. */
WEIR_MUST_CHECK weir_err wr_descriptor_write(int fd, const void *bytes, size_t size);
/* Whether it is open for writing. For numbers that somebody gave, before anything is opened that could get them. */
bool wr_descriptor_is_writable(int fd);
/* `text` and a line end in one write: for --ready-fd. */
WEIR_MUST_CHECK weir_err wr_descriptor_write_line(int fd, const char *text);
/* What is there, at least one byte, waiting for it. WEIR_E_CLOSED at the end. WEIR_E_AGAIN after a signal handler ran.
 */
WEIR_MUST_CHECK weir_err wr_descriptor_read(int fd, void *ret_bytes, size_t size, size_t *ret_size);
void wr_descriptor_close(int fd);
/* Waits until there is something to read, or its end: WEIR_E_TIMEOUT after timeout_ms, WEIR_E_AGAIN after a signal. */
WEIR_MUST_CHECK weir_err wr_descriptor_wait(int fd, int timeout_ms);
/* Waits until it can be read, or, with `or_write`, written, whatever signals come in between. *left_ms is how long at most,
 * and then how much of that is left: WEIR_E_TIMEOUT when nothing is. */
WEIR_MUST_CHECK weir_err wr_descriptor_ready(int fd, bool or_write, int *left_ms);
/* Whoever started this process may have closed its standard descriptors: the next file opened would become stdin or
 * stderr, and log lines would land in it. Fills each that is closed so that using it fails as it would closed (EBADF).
 * To be called before anything is opened. */
void wr_descriptors_fill_standard(void);

/* Lines of a descriptor, each at most limit_size bytes. */
typedef struct wr_lines wr_lines;
WEIR_MUST_CHECK weir_err wr_lines_new(int fd, size_t limit_size, wr_lines **ret_lines); /* borrows fd */
void wr_lines_free(wr_lines *lines);                                                    /* accepts NULL */
/* The next line without its end (\n or \r\n), valid until the next call; the last one needs no end. WEIR_E_CLOSED at
 * the end; WEIR_E_LIMIT when a line is too long, and then the rest of it is skipped by the next call. WEIR_E_TIMEOUT
 * after timeout_ms (-1: none) without a whole line; what has come of it is kept. */
WEIR_MUST_CHECK weir_err wr_lines_next(wr_lines *lines, int timeout_ms, weir_slice *ret_line);

void wr_wait_ms(int64_t ms); /* for tools that pace something; not for tests, and not where a clock is handed in */

#endif
