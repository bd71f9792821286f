/* From argv to a command: which one is meant, what to say when there is none, and the status it ends with. */
#include <cli/command_int.h>

#include <base/text.h>
#include <errno.h>
#include <io/process.h>
#include <io/stop.h>
#include <io/terminal.h>
#include <stdio.h>

/* ---- which command */
static bool word_is(const char *word, const char *name, const char *alias)
{
    return strcmp(word, name) == 0 || (alias && strcmp(word, alias) == 0);
}

const wr_command *wr_command_find(int word_count, char **words, int *ret_used)
{
    for (const wr_command *command = wr_commands; command->noun; command++) {
        int used = command->verb ? 2 : 1;
        if (word_count < used)
            continue;
        bool found = command->verb
                         ? strcmp(words[0], command->noun) == 0 && word_is(words[1], command->verb, command->alias)
                         : word_is(words[0], command->noun, command->alias);
        if (found) {
            *ret_used = used;
            return command;
        }
    }
    return NULL;
}

const char *wr_nearest(const char *word, const char *const *known, size_t known_count)
{
    enum { WORD_MAX = 64 };
    const char *nearest = NULL;
    size_t size = strlen(word), least = size / 3 + 2;
    if (size >= WORD_MAX)
        return NULL;
    for (size_t k = 0; k < known_count; k++) {
        size_t distance = wr_edit_distance(word, known[k]);
        if (distance < least) {
            least = distance;
            nearest = known[k];
        }
    }
    return nearest;
}

static void print(const wr_buf *text, FILE *to)
{
    fwrite(text->data, 1, text->size, to);
}

/* Is it the first word of commands with verbs? */
static bool is_noun(const char *word)
{
    for (const wr_command *command = wr_commands; command->noun; command++)
        if (command->verb && strcmp(command->noun, word) == 0)
            return true;
    return false;
}

static int print_noun(const char *noun, FILE *to, int status)
{
    wr_buf help;
    wr_buf_init(&help, 1 << 16);
    wr_help_noun(noun, &help);
    print(&help, to);
    wr_buf_fini(&help);
    return status;
}

/* No such command: say which words there are. */
static int fail_unknown(int word_count, char **words)
{
    const char *known[128];
    size_t count = 0;
    bool noun_known = is_noun(words[0]);
    char habit[300];
    if (wr_habit_command(word_count, words, habit, sizeof habit)) {
        fprintf(stderr, "weir: %s\n", habit);
        return WR_EXIT_USAGE;
    }
    if (words[0][0] == '-') {
        fprintf(stderr, "weir: '%s' stands before the command; options come after it: weir COMMAND [options]\n",
                words[0]);
        return WR_EXIT_USAGE;
    }
    for (const wr_command *command = wr_commands; command->noun && count < 128; command++) {
        if (!noun_known)
            known[count++] = command->noun;
        else if (command->verb && strcmp(command->noun, words[0]) == 0)
            known[count++] = command->verb;
    }
    if (noun_known && word_count < 2)
        return print_noun(words[0], stderr, WR_EXIT_USAGE);
    const char *word = noun_known ? words[1] : words[0];
    const char *nearest = wr_nearest(word, known, count);
    fprintf(stderr, "weir: there is no command '%s%s%s'", noun_known ? words[0] : "", noun_known ? " " : "", word);
    if (nearest)
        fprintf(stderr, "; did you mean '%s%s%s'?", noun_known ? words[0] : "", noun_known ? " " : "", nearest);
    fprintf(stderr, "\nSee 'weir help'.\n");
    return WR_EXIT_USAGE;
}

static int print_help(const wr_command *command)
{
    wr_buf help;
    wr_buf_init(&help, 1 << 18);
    if (command)
        wr_help_command(command, &help);
    else
        wr_help_overview(&help);
    print(&help, stdout);
    wr_buf_fini(&help);
    return WR_EXIT_OK;
}

bool wr_cli_write(wr_cli *cli, weir_slice text)
{
    errno = 0;
    bool written = fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    if (!written && cli->output_error == 0)
        cli->output_error = errno;
    return written;
}

void wr_cli_write_buf(wr_cli *cli, wr_buf *out)
{
    if (wr_buf_failed(out))
        cli->output_error = ENOMEM;
    else
        wr_cli_write(cli, wr_buf_view(out));
    wr_buf_fini(out);
}

/* What could not be written, to a full disk say, was not done. A reader who has seen enough is no failure. */
static int finish_output(int status, int known_error)
{
    errno = 0;
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    int error = known_error ? known_error : errno;
    clearerr(stdout); /* said once */
    if (written || error == EPIPE || status != WR_EXIT_OK)
        return status;
    fprintf(stderr, "weir: the output could not be written%s%s\n", error ? ": " : "", error ? strerror(error) : "");
    return WR_EXIT_FAILED;
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(const char *program, const wr_command *command, int argc, char **argv, char **environment)
{
    wr_cli cli = {.program = program, .command = command};
    int status = wr_cli_open(&cli);
    if (status == WR_EXIT_OK)
        status = wr_cli_parse(&cli, argc, argv, environment);
    if (status == WR_EXIT_OK)
        status = wr_cli_on(&cli, "help") ? print_help(command) : command->run(&cli);
    wr_cli_close(&cli);
    status = finish_output(status, cli.output_error);
    if (cli.left_behind)
        wr_self_exit(status);
    return status;
}

static int dispatch(int argc, char **argv, char **environment)
{
    static char version[] = "version";
    if (argc < 2 || (is_help(argv[1]) && (argc == 2 || is_help(argv[2]))))
        return print_help(NULL);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        argv[1] = version;
    int first = is_help(argv[1]) ? 2 : 1, used = 0, word_count = argc - first;
    char **words = argv + first;
    const wr_command *command = wr_command_find(word_count, words, &used);
    if (command)
        return first == 2 ? print_help(command) : run(argv[0], command, word_count - used, words + used, environment);
    if (is_noun(words[0]) && (word_count == 1 ? first == 2 : is_help(words[1])))
        return print_noun(words[0], stdout, WR_EXIT_OK);
    return fail_unknown(word_count, words);
}

int wr_cli_main(int argc, char **argv, char **environment)
{
    wr_descriptors_fill_standard();
    wr_self_file_size_errors();
    wr_self_pipe_errors(); /* a reader who left is no failure */
    return finish_output(dispatch(argc, argv, environment), 0);
}
