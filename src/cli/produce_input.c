/* Where `weir produce` has its lines and files from. */
#include <cli/produce_int.h>

#include <errno.h>
#include <stdio.h>

enum { LINE_SIZE_MAX = 16 << 20, READ_SIZE = 1 << 16 };

/* Says what is wrong with a record, and where it came from. */
static int fail_record(wr_produce *self, const char *where, size_t size, weir_err err, const weir_failure *failure)
{
    if (failure->sentence[0])
        return wr_cli_fail(self->cli, err, "%s: %s", where, failure->sentence);
    if (err == WEIR_E_REFUSED || err == WEIR_E_LIMIT)
        return wr_cli_fail(self->cli, WEIR_E_REFUSED,
                           "%s: a record of %zu bytes is not sent; the limit is --kafka.message.max.bytes (1000000 "
                           "unless given), and behind it the topic's max.message.bytes",
                           where, size);
    return wr_cli_fail(self->cli, err, "%s: %s", where, weir_err_name(err));
}

static int fail_read(wr_produce *self, const char *name, weir_err err)
{
    if (err == WEIR_E_MEMORY)
        return wr_cli_fail(self->cli, err, "%s: out of memory", name);
    if (err == WEIR_E_LIMIT)
        return wr_cli_fail(self->cli, err, "%s: more than %d bytes for one record", name, WR_PRODUCE_VALUE_SIZE_MAX);
    return wr_cli_fail(self->cli, err, "%s cannot be read: %s", name, strerror(errno));
}

/* The next line; while there is none yet, what was sent before goes its way. */
static weir_err next_line(wr_produce *self, wr_lines *lines, weir_slice *ret_line)
{
    weir_err err;
    while ((err = wr_lines_next(lines, WR_PRODUCE_POLL_MS, ret_line)) == WEIR_E_TIMEOUT && !wr_stop_asked(self->stop))
        wr_produce_poll(self, 0);
    return err;
}

static int read_lines(wr_produce *self, int fd, const char *name)
{
    wr_lines *lines;
    weir_err err = wr_lines_new(fd, LINE_SIZE_MAX, &lines);
    if (err != WEIR_OK)
        return fail_read(self, name, err);
    int status = WR_EXIT_OK;
    weir_slice line;
    for (int64_t number = 1; status == WR_EXIT_OK && !wr_stop_asked(self->stop); number++) {
        weir_failure failure = {0};
        char where[300];
        err = next_line(self, lines, &line);
        snprintf(where, sizeof where, "%s:%lld", name, (long long)number);
        if (err == WEIR_E_CLOSED || err == WEIR_E_TIMEOUT)
            break;
        if (err == WEIR_E_AGAIN) {
            number--; /* a signal came; whether to stop is asked above */
            continue;
        }
        weir_arena_reset(self->arena);
        if (err == WEIR_E_LIMIT)
            status = wr_cli_fail(self->cli, WEIR_E_FORMAT, "%s: the line is longer than %d bytes and was not sent",
                                 where, LINE_SIZE_MAX);
        else if (err != WEIR_OK)
            status = fail_read(self, name, err);
        else if ((err = wr_produce_text(self, line, &failure)) != WEIR_OK)
            status = fail_record(self, where, line.size, err, &failure);
    }
    wr_lines_free(lines);
    return status;
}

/* All that comes until the end, whatever kind of file it is. */
static weir_err read_bytes(wr_produce *self, int fd, wr_buf *bytes)
{
    while (!wr_stop_asked(self->stop)) {
        weir_err err = wr_descriptor_wait(fd, WR_PRODUCE_POLL_MS);
        if (err == WEIR_E_TIMEOUT || err == WEIR_E_AGAIN)
            continue;
        size_t size = 0, before = bytes->size;
        uint8_t *room = err == WEIR_OK ? wr_buf_extend(bytes, READ_SIZE) : NULL;
        if (err == WEIR_OK && !room)
            return WEIR_E_LIMIT;
        if (err == WEIR_OK)
            err = wr_descriptor_read(fd, room, READ_SIZE, &size);
        bytes->size = before + size;
        if (err == WEIR_E_CLOSED)
            return bytes->size > WR_PRODUCE_VALUE_SIZE_MAX ? WEIR_E_LIMIT : WEIR_OK;
        if (err != WEIR_OK && err != WEIR_E_AGAIN)
            return err;
    }
    return WEIR_E_TIMEOUT; /* interrupted: half of a file is no record */
}

static int read_whole(wr_produce *self, int fd, const char *name)
{
    weir_failure failure = {0};
    wr_buf bytes;
    wr_buf_init(&bytes, WR_PRODUCE_VALUE_SIZE_MAX + READ_SIZE);
    weir_arena_reset(self->arena);
    weir_err err = read_bytes(self, fd, &bytes);
    int status = WR_EXIT_OK;
    if (err == WEIR_OK && (err = wr_produce_text(self, wr_buf_view(&bytes), &failure)) != WEIR_OK)
        status = fail_record(self, name, bytes.size, err, &failure);
    else if (err != WEIR_OK && err != WEIR_E_TIMEOUT)
        status = fail_read(self, name, err);
    wr_buf_fini(&bytes);
    return status;
}

static int read_descriptor(wr_produce *self, int fd, const char *name)
{
    return self->form == WR_PRODUCE_FILE ? read_whole(self, fd, name) : read_lines(self, fd, name);
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int read_path(wr_produce *self, const char *path)
{
    wr_file *file;
    if (is_stdin(path))
        return read_descriptor(self, WR_STDIN, "stdin");
    weir_err err = wr_file_open(self->cli->io, path, WR_FILE_READ, &file);
    if (err != WEIR_OK)
        return fail_read(self, path, err);
    int status = read_descriptor(self, wr_file_descriptor(file), path);
    wr_file_close(file);
    return status;
}

int wr_produce_read(wr_produce *self)
{
    const wr_cli *cli = self->cli;
    int status = WR_EXIT_OK;
    if (cli->operand_count == 1)
        return read_descriptor(self, WR_STDIN, "stdin");
    for (int i = 1; i < cli->operand_count; i++) /* before the first is sent, not after */
        if (!is_stdin(cli->operands[i]) && !wr_path_exists(cli->io, cli->operands[i]))
            return wr_cli_fail(cli, WEIR_E_NOT_FOUND, "there is no file %s; nothing was sent", cli->operands[i]);
    for (int i = 1; i < cli->operand_count && status == WR_EXIT_OK; i++)
        status = read_path(self, cli->operands[i]);
    return status;
}
