#include "test.h"

#include <base/buf.h>
#include <demo/csv.h>
#include <demo/text_source.h>
#include <stdio.h>

enum { COLUMN_COUNT = 3 };

typedef struct reading {
    wr_io *io;
    wr_csv *csv;
    wr_csv_row row;
    weir_failure failure;
} reading;

static void begin(reading *self, const void *bytes, size_t size)
{
    *self = (reading){0};
    char path[256];
    CHECK_OK(wr_io_real_new(&self->io));
    snprintf(path, sizeof path, "%s/rows.csv", test_directory());
    CHECK_OK(wr_path_write(self->io, path, (weir_slice){bytes, size}));
    CHECK_OK(wr_csv_open(self->io, path, COLUMN_COUNT, &self->csv, &self->failure));
}

static void end(reading *self)
{
    wr_csv_close(self->csv);
    wr_io_free(self->io);
}

/* The rows as one text: columns in brackets, the line before, a problem in words. */
static const char *rows(const void *bytes, size_t size)
{
    static char all[4096];
    reading self;
    begin(&self, bytes, size);
    all[0] = '\0';
    weir_err err;
    while ((err = wr_csv_next(self.csv, &self.row, &self.failure)) == WEIR_OK) {
        size_t at = strlen(all);
        at += (size_t)snprintf(all + at, sizeof all - at, "%lld%s", (long long)self.row.line,
                               self.row.recoded ? "*" : "");
        for (int i = 0; i < self.row.column_count; i++)
            at += (size_t)snprintf(all + at, sizeof all - at, "[%s]", self.row.columns[i]);
        snprintf(all + at, sizeof all - at, "%s\n", self.row.problem ? " bad" : "");
    }
    CHECK_EQ(err, WEIR_E_RANGE);
    end(&self);
    return all;
}

#define ROWS(literal) rows(literal, sizeof(literal) - 1)

TEST(a_row_splits_into_its_columns_with_and_without_quotes)
{
    char plain[] = "536365,85123A,17850.0,United Kingdom";
    char quoted[] = "536477,\"RECORD FRAME 7\"\" SINGLE, \",,EIRE";
    char inch[] = "12\" RULER,1";
    char open_quote[] = "1,2,\"a,b,c,d,e,f";
    char early[] = "1,\"a\"b,c";
    char *columns[WR_CSV_COLUMNS_MAX];
    CHECK_EQ(wr_csv_split(plain, ',', columns), 4);
    CHECK_STR(columns[3], "United Kingdom");
    CHECK_EQ(wr_csv_split(quoted, ',', columns), 4);
    CHECK_STR(columns[1], "RECORD FRAME 7\" SINGLE, ");
    CHECK_STR(columns[2], "");
    CHECK_EQ(wr_csv_split(inch, ',', columns), 2);
    CHECK_STR(columns[0], "12\" RULER");
    CHECK_EQ(wr_csv_split(open_quote, ',', columns), 0);
    CHECK_EQ(wr_csv_split(early, ',', columns), 0);
}

TEST(line_breaks_and_separators_within_quotes_are_text)
{
    CHECK_STR(ROWS("1,\"two\nlines, and\r\na third\",x\r\n2,b,c\r\n"),
              "1[1][two\nlines, and\r\na third][x]\n4[2][b][c]\n");
    CHECK_STR(ROWS("1,\"\n\",\"\"\"\n\"\n2,b,c"), "1[1][\n][\"\n]\n4[2][b][c]\n");
}

TEST(a_quote_that_is_not_closed_costs_its_own_line_alone)
{
    CHECK_STR(ROWS("1,b,c\n2,\"open,c\n3,b,c\n4,b,c\n"), "1[1][b][c]\n2 bad\n3[3][b][c]\n4[4][b][c]\n");
    CHECK_STR(ROWS("1,12\" ruler,c\n2,b,c\n"), "1[1][12\" ruler][c]\n2[2][b][c]\n");
}

TEST(every_line_end_is_one_and_empty_lines_are_none)
{
    CHECK_STR(ROWS("1,b,c\n2,b,c\r\n3,b,c\r4,b,c\r\n\n\r\n5,b,c"),
              "1[1][b][c]\n2[2][b][c]\n3[3][b][c]\n4[4][b][c]\n7[5][b][c]\n");
    CHECK_STR(ROWS(""), "");
    CHECK_STR(ROWS("\n\n"), "");
}

TEST(the_separator_is_the_one_that_makes_columns)
{
    CHECK_STR(ROWS("1;b, c;\"x;y\"\n2;b;c\n"), "1[1][b, c][x;y]\n2[2][b][c]\n");
    CHECK_STR(ROWS("1\tb\tc\n"), "1[1][b][c]\n");
    CHECK_STR(ROWS("1|b|c\n"), "1[1][b][c]\n");
    CHECK_STR(ROWS("no columns\n1;b;c\n"), "1[no columns]\n2[1][b][c]\n");
}

TEST(bytes_that_are_no_utf_8_are_read_as_windows_1252)
{
    CHECK_STR(ROWS("1,\xa3 5 \x80 \x96,c\n2,\xc2\xa3,c\n3,\x81\xff,c\n"),
              "1*[1][\xc2\xa3 5 \xe2\x82\xac \xe2\x80\x93][c]\n2[2][\xc2\xa3][c]\n3*[3][\xef\xbf\xbd\xc3\xbf][c]\n");
    CHECK_STR(ROWS("1,a\0b,c\n2,b,c\n"), "1 bad\n2[2][b][c]\n");
}

TEST(a_mark_at_the_beginning_says_the_encoding_and_is_no_text)
{
    CHECK_STR(ROWS("\xef\xbb\xbf"
                   "1,\xc2\xa3,c\n"),
              "1[1][\xc2\xa3][c]\n");
    CHECK_STR(ROWS("\xff\xfe"
                   "1\0,\0\xa3\0,\0\x3d\xd8\x00\xde\n\0"),
              "1[1][\xc2\xa3][\xf0\x9f\x98\x80]\n");
    CHECK_STR(ROWS("\xfe\xff"
                   "\0001\0,\0\xa3\0,\xd8\x3d\xde\x00\0\n"),
              "1[1][\xc2\xa3][\xf0\x9f\x98\x80]\n");
}

TEST(utf_16_is_known_without_a_mark_and_half_a_character_is_said_with_its_own)
{
    CHECK_STR(ROWS("1\0,\0b\0,\0c\0\n\0002\0,\0b\0,\0c\0\n\0"), "1[1][b][c]\n2[2][b][c]\n");
    CHECK_STR(ROWS("\0001\0,\0b\0,\0c\0\n\0002\0,\0b\0,\0c"), "1[1][b][c]\n2[2][b][c]\n");
    CHECK_STR(ROWS("\xff\xfe"
                   "1\0,\0\x3d\xd8,\0c\0\n\0x"),
              "1[1][\xef\xbf\xbd][c]\n2[\xef\xbf\xbd]\n");
}

TEST(rows_are_whole_wherever_the_blocks_that_are_read_end)
{
    enum { ROW_COUNT = 60000 };
    wr_buf text;
    wr_buf_init(&text, 16 << 20);
    for (int i = 0; i < ROW_COUNT; i++)
        wr_buf_printf(&text, "%d,\"%.*s\r\n\"\"\",c\r\n", i, i % 23, "abcdefghijklmnopqrstuvwxyz");
    reading self;
    begin(&self, text.data, text.size);
    char expected[64];
    for (int i = 0; i < ROW_COUNT; i++) {
        CHECK_OK(wr_csv_next(self.csv, &self.row, &self.failure));
        CHECK_EQ(self.row.column_count, 3);
        CHECK_EQ(self.row.line, 2 * i + 1);
        snprintf(expected, sizeof expected, "%.*s\r\n\"", i % 23, "abcdefghijklmnopqrstuvwxyz");
        CHECK_STR(self.row.columns[1], expected);
    }
    CHECK_EQ(wr_csv_next(self.csv, &self.row, &self.failure), WEIR_E_RANGE);
    end(&self);
    wr_buf_fini(&text);
}

TEST(rows_and_lines_have_a_longest_size)
{
    wr_buf text;
    wr_buf_init(&text, 16 << 20);
    for (int i = 0; i < WR_CSV_ROW_SIZE_MAX - 4; i++)
        wr_buf_text(&text, "x");
    wr_buf_text(&text, ",b,c\n");
    for (int i = 0; i < WR_CSV_ROW_SIZE_MAX - 3; i++)
        wr_buf_text(&text, "x");
    wr_buf_text(&text, ",b,c\n1,b,c\n");
    for (int i = 0; i < 1 << 18; i++)
        wr_buf_text(&text, "x");
    reading self;
    begin(&self, text.data, text.size);
    CHECK_OK(wr_csv_next(self.csv, &self.row, &self.failure));
    CHECK(!self.row.problem && self.row.column_count == 3);
    CHECK_OK(wr_csv_next(self.csv, &self.row, &self.failure));
    CHECK(self.row.problem);
    CHECK_OK(wr_csv_next(self.csv, &self.row, &self.failure));
    CHECK_STR(self.row.columns[0], "1");
    CHECK_EQ(wr_csv_next(self.csv, &self.row, &self.failure), WEIR_E_LIMIT);
    CHECK(strstr(self.failure.sentence, "line 4"));
    end(&self);
    wr_buf_fini(&text);
}

TEST(packed_files_of_other_kinds_are_refused_by_name)
{
    static const struct {
        const char *bytes, *said;
    } files[] = {{"\x1f\x8b\x08 and more", "gzip"}, {"PK\x03\x04 and more", ".xlsx"}};
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        weir_failure failure = {0};
        wr_text_source *source;
        snprintf(path, sizeof path, "%s/packed", test_directory());
        CHECK_OK(wr_path_write(io, path, weir_slice_of(files[i].bytes)));
        CHECK_EQ(wr_text_source_open(io, path, &source, &failure), WEIR_E_FORMAT);
        CHECK(strstr(failure.sentence, files[i].said));
    }
    wr_io_free(io);
}
