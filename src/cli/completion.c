/* Shell completion from the command table: commands, options, the choices of an option, and the names of topics and groups,
 * which the shell asks `weir topic ls -o name` for, at the -b that stands in the line.
 *
 * bash: one function. It looks at the words before the cursor and sets `words` (what may stand here) and `names` (topics or
 * groups, asked for unless an option is begun). zsh uses the same through bashcompinit. fish: one line a thing. */
#include <cli/command.h>

/* NULL: nouns; else the noun's verbs. */
static void list_words(const char *noun, wr_buf *out)
{
    const char *last = "";
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (!noun && strcmp(command->noun, last) != 0)
            wr_buf_printf(out, "%s ", command->noun);
        if (noun && command->verb && strcmp(command->noun, noun) == 0)
            wr_buf_printf(out, "%s ", command->verb);
        last = command->noun;
    }
}

static void list_choices(const wr_option *option, wr_buf *out)
{
    for (const char *at = option->value; at && *at; at++)
        wr_buf_append(out, *at == '|' ? " " : at, 1);
}

/* ---- bash */
/* What may follow the words of a command. */
static void bash_command(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    wr_buf_text(out, "words='");
    for (int at = 0; (option = wr_option_next(command, &at));)
        wr_buf_printf(out, "--%s ", option->name);
    wr_buf_printf(out, "' names=%s\n", command->completes ? command->completes : "");
    wr_buf_text(out, "        case $last in\n");
    for (int at = 0; (option = wr_option_next(command, &at));) {
        if (!option->value)
            continue;
        wr_buf_printf(out, "        --%s", option->name);
        if (option->letter)
            wr_buf_printf(out, "|-%c", option->letter);
        wr_buf_text(out, ") names= words='");
        if (option->kind == WR_OPTION_CHOICE)
            list_choices(option, out);
        wr_buf_printf(out, "'%s ;;\n", strcmp(option->name, "topic") == 0 ? " names=topics" : "");
    }
    wr_buf_text(out, "        esac ;;\n");
}

static void complete_bash(wr_buf *out)
{
    wr_buf_text(out,
                "# bash completion of weir; source it, or put it into bash-completion's folder\n"
                "_weir() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]} words= names= server=() i\n"
                "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in -b|--bootstrap) server=(-b \"${COMP_WORDS[i+1]}\") ;; esac\n"
                "    done\n"
                "    case \"$COMP_CWORD ${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n"
                "    1\\ *) words='");
    list_words(NULL, out);
    wr_buf_text(out, "help' ;;\n");
    const char *noun = "";
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb && strcmp(command->noun, noun) != 0) {
            wr_buf_printf(out, "    2\\ %s\\ *) words='", command->noun);
            list_words(command->noun, out);
            wr_buf_text(out, "' ;;\n");
        }
        noun = command->noun;
    }
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb)
            wr_buf_printf(out, "    *\\ %s\\ %s) ", command->noun, command->verb);
        else
            wr_buf_printf(out, "    *\\ %s\\ *) ", command->noun);
        bash_command(command, out);
    }
    wr_buf_text(
        out,
        "    esac\n"
        "    case \"$names:$word\" in\n"
        "    *:-*) ;;\n"
        "    topics:*) words=$(\"${COMP_WORDS[0]}\" topic ls -o name --timeout 1s \"${server[@]}\" 2>/dev/null) ;;\n"
        "    groups:*) words=$(\"${COMP_WORDS[0]}\" group ls -o name --timeout 1s \"${server[@]}\" 2>/dev/null) ;;\n"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
        "complete -o default -F _weir weir\n");
}

/* ---- fish */
/* A sentence in double quotes. */
static void fish_text(const char *text, wr_buf *out)
{
    wr_buf_text(out, "\"");
    for (; *text; text++) {
        if (strchr("\"\\$", *text))
            wr_buf_text(out, "\\");
        wr_buf_append(out, text, 1);
    }
    wr_buf_text(out, "\"");
}

static void fish_condition(const wr_command *command, wr_buf *out)
{
    wr_buf_printf(out, "complete -c weir -n '__fish_seen_subcommand_from %s", command->noun);
    if (command->verb)
        wr_buf_printf(out, "; and __fish_seen_subcommand_from %s", command->verb);
    wr_buf_text(out, "'");
}

static void fish_command(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    wr_buf_text(out, "complete -c weir -n '__fish_use_subcommand' -a ");
    wr_buf_text(out, command->noun);
    if (command->verb)
        wr_buf_printf(
            out,
            "\ncomplete -c weir -n '__fish_seen_subcommand_from %s; and test (count (commandline -opc)) -eq 2' -a %s",
            command->noun, command->verb);
    wr_buf_text(out, " -d ");
    fish_text(command->about, out);
    wr_buf_text(out, "\n");
    if (command->completes) {
        fish_condition(command, out);
        wr_buf_printf(out, " -a '(weir %.5s ls -o name --timeout 1s 2>/dev/null)'\n", command->completes);
    }
    for (int at = 0; (option = wr_option_next(command, &at));) {
        fish_condition(command, out);
        wr_buf_printf(out, " -l %s", option->name);
        if (option->letter)
            wr_buf_printf(out, " -s %c", option->letter);
        if (option->value)
            wr_buf_text(out, " -r");
        if (option->kind == WR_OPTION_CHOICE) {
            wr_buf_text(out, " -a '");
            list_choices(option, out);
            wr_buf_text(out, "'");
        }
        wr_buf_text(out, " -d ");
        fish_text(option->help, out);
        wr_buf_text(out, "\n");
    }
}

weir_err wr_help_completion(const char *shell, wr_buf *out)
{
    if (strcmp(shell, "bash") == 0) {
        complete_bash(out);
    } else if (strcmp(shell, "zsh") == 0) {
        wr_buf_text(out, "#compdef weir\nautoload -U +X bashcompinit && bashcompinit\n");
        complete_bash(out);
    } else if (strcmp(shell, "fish") == 0) {
        wr_buf_text(out, "# fish completion of weir\ncomplete -c weir -f\n");
        for (const wr_command *command = wr_commands; command->noun; command++)
            fish_command(command, out);
    } else {
        return WEIR_E_NOT_FOUND;
    }
    return WEIR_OK;
}
