/* What people type who know kcat or Kafka's own tools: it works, or the answer says how it is said here. */
#include <cli/command_int.h>
#include <cli/place.h>

#include <stdio.h>

static const wr_habit habits[] = {
    /* kcat */
    {"consume", "-C", false, "", NULL, NULL},
    {"consume", "-e", false, "", NULL, NULL},
    {"consume", "-u", false, "", NULL, NULL},
    {"consume", "-q", false, "", NULL, NULL},
    {"consume", "-t", true, "OPERAND", NULL, NULL},
    {"consume", "-c", true, "count", NULL, NULL},
    {"consume", "-G", true, "group", NULL, NULL},
    {"consume", "-J", false, "output", "json", NULL},
    {"consume", "-K", true, NULL, NULL, "the key is printed by -f '%k:%v\\n'"},
    {"produce", "-P", false, "", NULL, NULL},
    {"produce", "-l", false, "", NULL, NULL},
    {"produce", "-t", true, "OPERAND", NULL, NULL},
    {"produce", "-K", true, NULL, NULL, "lines with keys are read by -f kv, KEY<tab>VALUE"},
    {NULL, "-X", true, NULL, NULL, "librdkafka's settings are --kafka.NAME VALUE"},
    {NULL, "-L", false, NULL, NULL, "brokers are listed by 'weir cluster', topics by 'weir topic ls'"},
    /* kafka-console-consumer, kafka-console-producer, kafka-topics, kafka-consumer-groups, kafka-configs */
    {NULL, "--bootstrap-server", true, "bootstrap", NULL, NULL},
    {NULL, "--broker-list", true, "bootstrap", NULL, NULL},
    {NULL, "--command-config", true, NULL, NULL,
     "settings of the connection are options (see --help), or a YAML --config FILE"},
    {"consume", "--topic", true, "OPERAND", NULL, NULL},
    {"consume", "--from-beginning", false, "", NULL, NULL},
    {"consume", "--max-messages", true, "count", NULL, NULL},
    {"consume", "--timeout-ms", true, "exit-when-idle", NULL, NULL},
    {"consume", "--property", true, NULL, NULL, "what is printed is said by -f, such as -f '%T %k %v\\n'"},
    {"consume", "--consumer-property", true, NULL, NULL, "librdkafka's settings are --kafka.NAME VALUE"},
    {"produce", "--topic", true, "OPERAND", NULL, NULL},
    {"produce", "--property", true, NULL, NULL, "lines with keys are read by -f kv, with headers too by -f hkv"},
    {"produce", "--producer-property", true, NULL, NULL, "librdkafka's settings are --kafka.NAME VALUE"},
    {"topic", "--topic", true, "OPERAND", NULL, NULL},
    {"topic", "--replication-factor", true, "replication", NULL, NULL},
    {"topic", "--if-not-exists", false, "if-absent", "yes", NULL},
    {"topic", "--exclude-internal", false, "", NULL, NULL},
    {"topic", "--add-config", true, "set", NULL, NULL},
    {"topic", "--delete-config", true, "unset", NULL, NULL},
    {"topic", "--delete", true, "unset", NULL, NULL}, /* of `topic alter`: a key; 'topic --delete' is further below */
    {"group", "--group", true, "OPERAND", NULL, NULL},
    {"group", "--to-earliest", false, "to", "earliest", NULL},
    {"group", "--to-latest", false, "to", "latest", NULL},
    {"group", "--to-offset", true, "to", NULL, NULL},
    {"group", "--to-datetime", true, "to", NULL, NULL},
    {"group", "--shift-by", true, "by", NULL, NULL},
    {"group", "--all-topics", false, "", NULL, NULL},
    {"group", "--execute", false, "yes", "yes", NULL},
    {0},
};

const wr_habit *wr_habit_find(const wr_command *command, weir_slice flag)
{
    int at;
    for (const wr_habit *habit = habits; habit->flag; habit++) {
        bool known = !habit->becomes || !habit->becomes[0] || strcmp(habit->becomes, "OPERAND") == 0 ||
                     wr_option_find(command, weir_slice_of(habit->becomes), 0, &at);
        if (known && weir_slice_equal(weir_slice_of(habit->flag), flag) &&
            (!habit->noun || strcmp(habit->noun, command->noun) == 0))
            return habit;
    }
    return NULL;
}

const wr_option *wr_habit_option(const wr_command *command, const wr_option *option, const char *value, int *ret_at)
{
    wr_place place;
    if (strcmp(command->noun, "consume") == 0 && option->letter == 'o' && wr_place_parse(value, 0, &place) == WEIR_OK)
        return wr_option_find(command, WEIR_SLICE("offset"), 0, ret_at);
    return option;
}

/* ---- instead of commands */
static const struct {
    const char *noun, *flag, *verb;
} verbs[] = {
    {"topic", "--create", "create"}, {"topic", "--list", "ls"},     {"topic", "--describe", "show"},
    {"topic", "--delete", "rm"},     {"topic", "--alter", "alter"}, {"group", "--list", "ls"},
    {"group", "--describe", "show"}, {"group", "--delete", "rm"},   {"group", "--reset-offsets", "reset"},
};

const char *wr_habit_command(int word_count, char **words, char *ret_text, size_t size)
{
    for (size_t i = 0; word_count > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(words[0], verbs[i].noun) == 0 && strcmp(words[1], verbs[i].flag) == 0) {
            snprintf(ret_text, size, "'%s %s' is 'weir %s %s' here", words[0], words[1], words[0], verbs[i].verb);
            return ret_text;
        }
    static const struct {
        const char *flag, *say;
    } modes[] = {{"-C", "weir consume TOPIC -b HOST:PORT"},
                 {"-P", "weir produce TOPIC -b HOST:PORT"},
                 {"-L", "weir cluster -b HOST:PORT', and the topics by 'weir topic ls -b HOST:PORT"}};
    for (int w = 0; words[0][0] == '-' && w < word_count; w++)
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
            if (strcmp(words[w], modes[i].flag) == 0) {
                snprintf(ret_text, size, "what kcat does with %s is done by '%s'", modes[i].flag, modes[i].say);
                return ret_text;
            }
    return NULL;
}
