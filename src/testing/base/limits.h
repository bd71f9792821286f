/* What people may write where a number, a switch or a choice is wanted: each row of a table of configuration keys is given
 * values at its bounds, past them, and such as are none. What is right is taken as it is; what is wrong is refused with a
 * sentence that says key, value and what may stand there, and changes nothing. */
#ifndef WR_TESTING_LIMITS_H
#define WR_TESTING_LIMITS_H

#include <base/config.h>

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* No whole number, whatever the bounds are. */
static const char *const limits_no_number[] = {
    "",
    " ",
    "x",
    "-",
    "+",
    "--1",
    "1x",
    "1 ",
    " 1",
    "\t1",
    "1 000",
    "1,000",
    "1.5",
    "1e3",
    "0x10",
    "nan",
    "inf",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999999999999999",
    "-99999999999999999999999999999999999999",
    "\xef\xbc\x91",
    NULL,
};

static inline bool limits_is_number(const wr_config_key *row)
{
    return row->kind == WR_CONFIG_INT || row->kind == WR_CONFIG_DURATION || row->kind == WR_CONFIG_SIZE;
}

/* The first thing that is not as it should be, as a sentence; empty: nothing. */
typedef struct limits_fault {
    char sentence[1000];
} limits_fault;

static inline void limits_say(limits_fault *fault, const char *format, ...) WEIR_PRINTF(2, 3);
static inline void limits_say(limits_fault *fault, const char *format, ...)
{
    va_list arguments;
    if (fault->sentence[0])
        return;
    va_start(arguments, format);
    vsnprintf(fault->sentence, sizeof fault->sentence, format, arguments);
    va_end(arguments);
}

/* `said` names `what`. */
static inline void limits_check_says(limits_fault *fault, const char *said, const char *what)
{
    if (!strstr(said, what))
        limits_say(fault, "it does not say '%s': %s", what, said);
}

/* `said` names the bounds. */
static inline void limits_check_range(limits_fault *fault, const char *said, int64_t min, int64_t max)
{
    char range[100];
    snprintf(range, sizeof range, "from %lld to %lld", (long long)min, (long long)max);
    limits_check_says(fault, said, range);
}

typedef struct limits_walk {
    limits_fault fault;
    const wr_config_key *const *tables; /* all that a configuration has */
    int count;                          /* of rows that were tried */
} limits_walk;

static inline wr_config *limits_config(const limits_walk *walk)
{
    wr_config *config = wr_config_new(walk->tables, "WEIR");
    assert(config);
    return config;
}

static inline void limits_refuse(limits_walk *walk, const wr_config_key *row, const char *text)
{
    wr_config *config = limits_config(walk);
    weir_failure failure = {0};
    if (wr_config_set(config, row->key, text, "a test", &failure) != WEIR_E_FORMAT)
        limits_say(&walk->fault, "%s takes '%s'", row->key, text);
    limits_check_says(&walk->fault, failure.sentence, row->key);
    limits_check_says(&walk->fault, failure.sentence, row->secret ? "(secret)" : text);
    if (limits_is_number(row))
        limits_check_range(&walk->fault, failure.sentence, row->min, row->max);
    if (row->kind == WR_CONFIG_CHOICE)
        limits_check_says(&walk->fault, failure.sentence, row->choices);
    const char *kept = wr_config_text(config, row->key);
    if (row->fallback ? !kept || strcmp(kept, row->fallback) != 0 : kept != NULL)
        limits_say(&walk->fault, "%s became '%s' by '%s', which was refused", row->key, kept ? kept : "", text);
    wr_config_free(config);
}

static inline void limits_take(limits_walk *walk, const wr_config_key *row, int64_t number)
{
    char text[32];
    weir_failure failure = {0};
    wr_config *config = limits_config(walk);
    snprintf(text, sizeof text, "%lld", (long long)number);
    if (wr_config_set(config, row->key, text, "a test", &failure) != WEIR_OK)
        limits_say(&walk->fault, "%s does not take %s: %s", row->key, text, failure.sentence);
    else if (wr_config_int(config, row->key) != number)
        limits_say(&walk->fault, "%s takes %s for %lld", row->key, text, (long long)wr_config_int(config, row->key));
    wr_config_free(config);
}

static inline void limits_try_number(limits_walk *walk, const wr_config_key *row)
{
    char text[32];
    if (row->min == 0 && row->max == 0)
        limits_say(&walk->fault, "%s has no bounds", row->key);
    limits_take(walk, row, row->min);
    limits_take(walk, row, row->max);
    limits_take(walk, row, row->max - (row->max / 2 - row->min / 2));
    if (row->max < INT64_MAX) {
        snprintf(text, sizeof text, "%lld", (long long)row->max + 1);
        limits_refuse(walk, row, text);
        limits_refuse(walk, row, "9223372036854775807");
    }
    snprintf(text, sizeof text, "%lld", (long long)row->min - 1);
    limits_refuse(walk, row, text);
    limits_refuse(walk, row, "-9223372036854775808");
    for (int i = 0; limits_no_number[i]; i++)
        limits_refuse(walk, row, limits_no_number[i]);
}

/* Every row of one table. Plain texts are left out: who reads them says what they may be. */
static inline void limits_try(limits_walk *walk, const wr_config_key *table)
{
    static const char *const no_switch[] = {"", " ", "x", "2", "-1", "tru", "truee", "true false", "0x1", NULL};
    static const char *const no_choice[] = {"", " ", "|", "x", "-1", "99999999999999999999", NULL};
    for (const wr_config_key *row = table; row->key; row++) {
        if (limits_is_number(row))
            limits_try_number(walk, row);
        for (int i = 0; row->kind == WR_CONFIG_BOOL && no_switch[i]; i++)
            limits_refuse(walk, row, no_switch[i]);
        for (int i = 0; row->kind == WR_CONFIG_CHOICE && no_choice[i]; i++)
            limits_refuse(walk, row, no_choice[i]);
        if (row->kind == WR_CONFIG_CHOICE)
            limits_refuse(walk, row, row->choices); /* all of them at once */
        walk->count += row->kind != WR_CONFIG_TEXT;
    }
}

#endif
