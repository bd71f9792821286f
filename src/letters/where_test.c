#include "test.h"

#include <letters/where.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOW_MS = 1700000000 };

static const wr_client_header headers[] = {
    {"tenant", WEIR_SLICE("acme")}, {"weight", WEIR_SLICE("12.5")}, {"empty", WEIR_SLICE("")}};

static wr_letter_item sample(void)
{
    return (wr_letter_item){
        .record = {.topic = "inventory.dlq",
                   .partition = 2,
                   .offset = 17,
                   .timestamp_ms = NOW_MS - 1000,
                   .key = WEIR_SLICE("o-1"),
                   .value =
                       WEIR_SLICE("{\"sku\":\"A 17\",\"n\":5,\"lines\":[{\"q\":2.5}],\"gift\":true,\"note\":null}"),
                   .headers = headers,
                   .header_count = 3},
        .letter = {.kind = WR_LETTER_WEIR,
                   .reason = "rejected",
                   .error = "no such article: it's gone",
                   .handler = "order.placed/1",
                   .group = "inventory",
                   .attempts = 4,
                   .failed_ms = NOW_MS - 3600000,
                   .topic = "orders",
                   .partition = 3,
                   .offset = 99,
                   .timestamp_ms = -1},
        .event = {.type = "order.placed",
                  .id = "e-1",
                  .source = "gateway",
                  .subject = "o-1",
                  .time = "1970-01-20T00:00:00Z",
                  .data = WEIR_SLICE("{\"sku\":\"A 17\",\"n\":5,\"lines\":[{\"q\":2.5}],\"gift\":true,\"note\":null}")},
        .is_event = true};
}

static bool matches(const char *clause)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    const wr_where *where = NULL;
    weir_failure failure = {0};
    if (wr_where_parse(clause, NOW_MS, arena, &where, &failure) != WEIR_OK) {
        weir_arena_free(arena);
        fail_msg("%s: %s", clause, failure.sentence);
    }
    wr_letter_item item = sample();
    bool does = false;
    CHECK_OK(wr_where_matches(where, &item, arena, &does));
    weir_arena_free(arena);
    return does;
}

TEST(a_clause_chooses_by_what_a_letter_says)
{
    static const char *const true_ones[] = {
        "reason = rejected",
        "reason=rejected",
        "reason != exhausted",
        "error contains 'no such article'",
        "error contains 'it''s'",
        "error contains \"it's\"",
        "handler in (order.placed/2, order.placed/1)",
        "group = inventory and attempts >= 4",
        "attempts < 5",
        "attempts > 3 and attempts <= 4 and attempts != 5",
        "failed < -30m",
        "failed > '2h ago'",
        "age >= 1h",
        "age < 2h",
        "redrives = 0",
        "type = order.placed and version = 1",
        "id = e-1 and source = gateway and subject = o-1",
        "time < now",
        "time = 1970-01-20",
        "key = o-1",
        "size > 10",
        "original.topic = orders and original.partition = 3 and original.offset = 99",
        "topic = inventory.dlq and partition = 2 and offset = 17",
        "state = open",
        "kind = weir",
        "header.tenant = acme",
        "header.tenant exists",
        "header.empty exists",
        "header.empty = ''",
        "header.weight > 9",
        "header.weight < 100",
        "header.tenant > abc",
        "/sku = 'A 17'",
        "/n = 5",
        "/n = 5.0",
        "/n > 4.5",
        "/lines/0/q = 2.5",
        "/gift = true",
        "/note = null",
        "/note exists",
        "/lines contains '2.5'",
        "NOT reason = exhausted AND reason = rejected OR key = x",
        "reason = x or reason = y or reason = rejected",
        "not (reason = rejected and key = x)",
        "not not reason = rejected",
        "reason = exhausted and key = x or attempts = 4",
        "(((reason = rejected)))",
        "  reason\t=\nrejected  ",
    };
    for (size_t i = 0; i < sizeof true_ones / sizeof *true_ones; i++)
        if (!matches(true_ones[i]))
            fail_msg("does not match: %s", true_ones[i]);
    static const char *const false_ones[] = {
        "reason = exhausted",
        "error contains timeout",
        "attempts > 4",
        "failed > -30m",
        "handler in (a, b)",
        "not reason = rejected",
        "/n = 6",
        "/n > 10",
        "/sku = a",
        "header.weight = 12",
        "reason = x and (key = o-1 or key = 1)",
        "age > 2h",
    };
    for (size_t i = 0; i < sizeof false_ones / sizeof *false_ones; i++)
        if (matches(false_ones[i]))
            fail_msg("matches: %s", false_ones[i]);
}

TEST(whole_numbers_are_compared_exactly)
{
    wr_letter_item item = sample();
    item.event.data = WEIR_SLICE("{\"id\":9007199254740993}");
    static const struct {
        const char *clause;
        bool matches;
    } cases[] = {{"/id = 9007199254740993", true},
                 {"/id = 9007199254740992", false},
                 {"/id > 9007199254740992", true},
                 {"/id < 9007199254740994.5", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_arena *arena = weir_arena_new(1 << 20);
        const wr_where *where = NULL;
        bool does = false;
        CHECK_OK(wr_where_parse(cases[i].clause, NOW_MS, arena, &where, NULL));
        CHECK_OK(wr_where_matches(where, &item, arena, &does));
        if (does != cases[i].matches)
            fail_msg("%s", cases[i].clause);
        weir_arena_free(arena);
    }
}

TEST(what_is_not_there_is_equal_to_nothing)
{
    CHECK(!matches("/x = 1"));
    CHECK(matches("/x != 1"));
    CHECK(!matches("/x < 1"));
    CHECK(!matches("/x >= 1"));
    CHECK(!matches("/x contains ''"));
    CHECK(!matches("/x in (1)"));
    CHECK(!matches("/x exists"));
    CHECK(matches("not /x exists"));
    CHECK(!matches("header.x = ''"));
    CHECK(!matches("original.time < now"));
    CHECK(matches("original.time != now"));
}

static const char *problem_of(const char *clause)
{
    static weir_failure failure;
    weir_arena *arena = weir_arena_new(1 << 20);
    const wr_where *where = NULL;
    failure = (weir_failure){0};
    weir_err err = wr_where_parse(clause, NOW_MS, arena, &where, &failure);
    CHECK(err == WEIR_E_FORMAT || err == WEIR_E_LIMIT || err == WEIR_OK);
    CHECK((err == WEIR_OK) == (where != NULL));
    weir_arena_free(arena);
    return err == WEIR_OK ? "" : failure.sentence;
}

TEST(a_clause_that_is_wrong_says_what_and_where)
{
    static const struct {
        const char *clause, *says;
    } wrong[] = {
        {"", "a field is missing at column 1"},
        {"reasn = x", "there is no field 'reasn' (column 1 of the clause); did you mean reason?"},
        {"reason = x and hndler = y", "there is no field 'hndler' (column 16 of the clause); did you mean handler?"},
        {"reason", "exists is missing at column 7"},
        {"reason rejected", "exists is missing at column 8"},
        {"reason =", "a value is missing at column 9"},
        {"reason = 'x", "a quote without its end at column 10"},
        {"attempts = many", "a whole number is wanted, not many at column 12"},
        {"failed > soon", "a time is wanted"},
        {"age > soon", "a duration is wanted"},
        {"reason < x", "a text has no order"},
        {"attempts contains 1", "only texts contain something"},
        {"reason in x", "in wants values in parentheses"},
        {"reason in (x", "the end of a list is missing"},
        {"reason in ()", "a value is missing"},
        {"(reason = x", "a closing parenthesis is missing"},
        {"reason = x)", "and or or is wanted, not )"},
        {"reason = x y", "and or or is wanted, not y"},
        {"reason = x and", "a field is missing"},
        {"not", "a field is missing"},
        {"header. = x", "there is no field 'header.'"},
        {"'reason' = x", "there is no field 'reason'"},
        {"'/a~b' = 1", "no JSON pointer"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (!strstr(problem_of(wrong[i].clause), wrong[i].says))
            fail_msg("%s: '%s', expected '%s'", wrong[i].clause, problem_of(wrong[i].clause), wrong[i].says);
}

TEST(a_clause_has_limits)
{
    wr_buf clause;
    wr_buf_init(&clause, 1 << 20);
    for (int i = 0; i < 64; i++)
        wr_buf_text(&clause, "not ");
    wr_buf_text(&clause, "key = x");
    CHECK(strstr(problem_of(wr_buf_cstr(&clause)), "nested too deeply"));
    CHECK_STR(problem_of(wr_buf_cstr(&clause) + 4), "");
    wr_buf_clear(&clause);
    for (int i = 0; i < 500; i++) /* each one more is two nodes: itself, and what joins it */
        wr_buf_printf(&clause, "%skey = x", i ? " or " : "");
    CHECK_STR(problem_of(wr_buf_cstr(&clause)), "");
    wr_buf_text(&clause, " and key = x");
    CHECK(strstr(problem_of(wr_buf_cstr(&clause)), "too many comparisons"));
    wr_buf_fini(&clause);
}

/* ---- a clause that is made up means what it was made of */

static const char *const words[] = {"rejected", "exhausted",      "a b", "it's",    "", "x)", "=",
                                    "not",      "order.placed/1", "\"",  "\xc3\xa9"};
enum { WORD_COUNT = sizeof words / sizeof *words };

static void print_blank(wr_buf *out, uint64_t *state, bool needed)
{
    static const char *const blanks[] = {"", " ", "  ", "\t"};
    size_t which = test_random(state) % 4;
    wr_buf_text(out, blanks[needed && which == 0 ? 1 : which]);
}

static void print_word(wr_buf *out, uint64_t *state, const char *word)
{
    bool is_plain = word[0] && !strpbrk(word, " \t\n()=!<>,'\"");
    if (is_plain && test_random(state) % 2) {
        wr_buf_text(out, word);
        return;
    }
    char quote = test_random(state) % 2 ? '\'' : '"';
    wr_buf_i8(out, quote);
    for (; *word; word++) {
        if (*word == quote)
            wr_buf_i8(out, quote);
        wr_buf_i8(out, *word);
    }
    wr_buf_i8(out, quote);
}

/* Appends a comparison to the text and says what it is for this letter. */
static bool make_comparison(wr_buf *out, uint64_t *state, const wr_letter_item *item)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
    if (test_random(state) % 2) {
        int64_t literal = (int64_t)(test_random(state) % 7) - 1, found = item->letter.attempts;
        size_t op = test_random(state) % 6;
        wr_buf_text(out, "attempts");
        print_blank(out, state, false);
        wr_buf_text(out, ops[op]);
        print_blank(out, state, false);
        wr_buf_printf(out, "%lld", (long long)literal);
        bool truths[] = {found == literal, found != literal, found<literal, found <= literal, found> literal,
                         found >= literal};
        return found < 0 ? op == 1 : truths[op];
    }
    const char *literal = words[test_random(state) % WORD_COUNT], *found = item->letter.reason;
    wr_buf_text(out, "reason");
    switch (test_random(state) % 4) {
    case 0:
        print_blank(out, state, false);
        wr_buf_text(out, "=");
        print_blank(out, state, false);
        print_word(out, state, literal);
        return found && strcmp(found, literal) == 0;
    case 1:
        print_blank(out, state, true);
        wr_buf_text(out, "contains");
        print_blank(out, state, true);
        print_word(out, state, literal);
        return found && strstr(found, literal);
    case 2:
        print_blank(out, state, true);
        wr_buf_text(out, test_random(state) % 2 ? "exists" : "EXISTS");
        return found != NULL;
    default: {
        const char *other = words[test_random(state) % WORD_COUNT];
        print_blank(out, state, true);
        wr_buf_text(out, "in");
        print_blank(out, state, false);
        wr_buf_text(out, "(");
        print_word(out, state, literal);
        print_blank(out, state, false);
        wr_buf_text(out, ",");
        print_word(out, state, other);
        wr_buf_text(out, ")");
        return found && (strcmp(found, literal) == 0 || strcmp(found, other) == 0);
    }
    }
}

/* binding: 0 or, 1 and, 2 one: what may stand here without parentheses. */
static bool make_clause(wr_buf *out, uint64_t *state, const wr_letter_item *item, int depth, int binding)
{
    int kind = depth == 0 ? 3 : (int)(test_random(state) % 4);
    if (kind == 3)
        return make_comparison(out, state, item);
    if (kind == 2) {
        wr_buf_text(out, test_random(state) % 2 ? "not" : "NOT");
        print_blank(out, state, true);
        return !make_clause(out, state, item, depth - 1, 2);
    }
    bool parentheses = kind < binding || test_random(state) % 4 == 0;
    wr_buf_text(out, parentheses ? "(" : "");
    bool left = make_clause(out, state, item, depth - 1, kind);
    print_blank(out, state, true);
    wr_buf_text(out, kind ? "and" : "or");
    print_blank(out, state, true);
    bool right = make_clause(out, state, item, depth - 1, kind + 1);
    wr_buf_text(out, parentheses ? ")" : "");
    return kind ? left && right : left || right;
}

TEST(a_clause_that_is_made_up_means_what_it_was_made_of)
{
    uint64_t state = 77 + test_seed();
    weir_arena *arena = weir_arena_new(1 << 22);
    for (int round = 0; round < 5000; round++) {
        wr_letter_item item = sample();
        size_t word = test_random(&state) % (WORD_COUNT + 1);
        item.letter.reason = word < WORD_COUNT ? words[word] : NULL;
        item.letter.attempts = (int64_t)(test_random(&state) % 7) - 1;
        wr_buf clause;
        wr_buf_init(&clause, 1 << 20);
        bool expected = make_clause(&clause, &state, &item, (int)(test_random(&state) % 6), 0), found = !expected;
        const wr_where *where = NULL;
        weir_failure failure = {0};
        if (wr_where_parse(wr_buf_cstr(&clause), NOW_MS, arena, &where, &failure) != WEIR_OK)
            fail_msg("%s: %s", wr_buf_cstr(&clause), failure.sentence);
        CHECK_OK(wr_where_matches(where, &item, arena, &found));
        if (found != expected)
            fail_msg("round %d: %s is %d", round, wr_buf_cstr(&clause), found);
        wr_buf_fini(&clause);
        weir_arena_reset(arena);
    }
    weir_arena_free(arena);
}

/* Pieces of the language thrown together: read, or refused with a sentence; and what is read can be walked. */
TEST(anything_is_a_clause_or_is_refused)
{
    static const char *const pieces[] = {"reason", "=",        "!=",  "<",    "(",        ")",       ",",        "'",
                                         "\"",     "and",      "or",  "not",  "in",       "x",       " ",        "17",
                                         "exists", "contains", "/",   "/a",   "~",        "header.", "header.x", "age",
                                         "2h",     "failed",   "-5m", "\xff", "attempts", "\n"};
    uint64_t state = 99 + test_seed();
    weir_arena *arena = weir_arena_new(1 << 22);
    wr_letter_item item = sample();
    for (int round = 0; round < 20000; round++) {
        char clause[400] = "";
        int size = 0;
        for (int left = (int)(test_random(&state) % 14); left > 0; left--) {
            const char *piece = pieces[test_random(&state) % (sizeof pieces / sizeof *pieces)];
            size += snprintf(clause + size, sizeof clause - (size_t)size, "%s%s", piece,
                             test_random(&state) % 2 ? " " : "");
        }
        const wr_where *where = NULL;
        weir_failure failure = {0};
        weir_err err = wr_where_parse(clause, NOW_MS, arena, &where, &failure);
        bool does;
        if (err == WEIR_OK)
            CHECK_OK(wr_where_matches(where, &item, arena, &does));
        else if (err != WEIR_E_FORMAT || !failure.sentence[0])
            fail_msg("%s: %s %s", clause, weir_err_name(err), failure.sentence);
        weir_arena_reset(arena);
    }
    weir_arena_free(arena);
}

/* Each by itself is a clause, and its kind is what the help says. */
static void try_field(void *user, const wr_field_help *field)
{
    static const char *const literals[] = {"text", "x", "number", "1", "time", "now", "duration", "5m", "any", "x"};
    char clause[100];
    size_t at = 0;
    while (strcmp(literals[at], field->kind) != 0)
        at += 2;
    snprintf(clause, sizeof clause, "not %s = %s", field->name, literals[at + 1]);
    CHECK(strlen(field->about) > 0);
    (void)matches(clause);
    ++*(int *)user;
}

TEST(the_fields_say_what_they_are)
{
    int count = 0;
    wr_field_each(try_field, &count);
    CHECK(count > 20);
}

TEST(a_letter_has_a_name)
{
    wr_letter_name name = {.offset = 5};
    CHECK_OK(wr_letter_name_parse("inventory.dlq/3@17", &name));
    CHECK_STR(name.topic, "inventory.dlq");
    CHECK_EQ(name.partition, 3);
    CHECK_EQ(name.offset, 17);
    static const char *const wrong[] = {"",
                                        "a",
                                        "a/1",
                                        "a/1@",
                                        "a/@1",
                                        "/1@1",
                                        "a/x@1",
                                        "a/1@x",
                                        "a/-1@1",
                                        "a b/1@1",
                                        "a/1@1x",
                                        "a/99999999999@1",
                                        "a/1@9223372036854775807"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (wr_letter_name_parse(wrong[i], &name) == WEIR_OK)
            fail_msg("'%s' was taken for a letter", wrong[i]);
    CHECK_EQ(name.offset, 17);
}

TEST(a_field_is_printed_as_a_clause_reads_it)
{
    static const struct {
        const char *field, *text;
    } cases[] = {{"reason", "rejected"},    {"attempts", "4"},  {"failed", "1970-01-20T15:13:20.000Z"},
                 {"age", "3600000ms"},      {"/sku", "A 17"},   {"/lines/0", "{\"q\":2.5}"},
                 {"header.tenant", "acme"}, {"/nothing", NULL}, {"original.time", NULL}};
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_letter_item item = sample();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const wr_field *field = NULL;
        const char *text = NULL;
        CHECK_OK(wr_field_parse(cases[i].field, NOW_MS, arena, &field, NULL));
        CHECK_OK(wr_field_print(field, &item, arena, &text));
        if (!text != !cases[i].text || (text && strcmp(text, cases[i].text) != 0))
            fail_msg("%s: %s", cases[i].field, text ? text : "nothing");
    }
    static const char *const wrong[] = {"", "reson", "reason = 1", "reason,group", "/a~2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const wr_field *field = NULL;
        CHECK_EQ(wr_field_parse(wrong[i], NOW_MS, arena, &field, NULL), WEIR_E_FORMAT);
    }
    weir_arena_free(arena);
}
