/* --help, man pages and shell completion, all from the command table. */
#include <cli/command.h>

#include <client/client.h>
#include <stdio.h>
#include <weir/version.h>

/* ---- help */
static void full_name(const wr_command *command, char *ret_name, size_t size)
{
    snprintf(ret_name, size, "%s%s%s", command->noun, command->verb ? " " : "", command->verb ? command->verb : "");
}

void wr_help_overview(wr_buf *out)
{
    wr_buf_text(out, "weir: event-driven microservices, and a broker that speaks Kafka\n\n"
                     "Usage: weir COMMAND [options] [operands]\n\n");
    for (const wr_command *command = wr_commands; command->noun; command++) {
        char name[64];
        full_name(command, name, sizeof name);
        wr_buf_printf(out, "  %-16s %s\n", name, command->about);
    }
    wr_buf_text(
        out, "\n'weir help COMMAND' says more. Commands that talk to a Kafka find it by -b, WEIR_BOOTSTRAP_SERVERS or "
             ".weir.yaml.\n");
}

void wr_help_noun(const char *noun, wr_buf *out)
{
    wr_buf_printf(out, "Usage: weir %s VERB [options] [operands]\n\n", noun);
    for (const wr_command *command = wr_commands; command->noun; command++)
        if (strcmp(command->noun, noun) == 0 && command->verb)
            wr_buf_printf(out, "  %-10s %s\n", command->verb, command->about);
}

static void help_options(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    for (int at = 0; (option = wr_option_next(command, &at));) {
        char left[80];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", option->letter ? "-" : " ", option->letter ? option->letter : ' ',
                 option->letter ? ", " : "  ", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        if (strlen(left) > 30)
            wr_buf_printf(out, "  %s\n  %30s %s", left, "", option->help);
        else
            wr_buf_printf(out, "  %-30s %s", left, option->help);
        if (option->fallback && option->fallback[0])
            wr_buf_printf(out, " (%s)", option->fallback);
        wr_buf_text(out, "\n");
    }
}

void wr_help_command(const wr_command *command, wr_buf *out)
{
    char name[64];
    full_name(command, name, sizeof name);
    wr_buf_printf(out, "weir %s: %s\n\nUsage: weir %s [options]%s%s\n", name, command->about, name,
                  command->operands[0] ? " " : "", command->operands);
    if (command->alias)
        wr_buf_printf(out, "Also: %s\n", command->alias);
    if (command->details)
        wr_buf_printf(out, "\n%s\n", command->details);
    wr_buf_text(out, "\nOptions:\n");
    help_options(command, out);
    if (command->kafka) {
        wr_buf_text(out, "\nConnection (flag, WEIR_ environment variable, .weir.yaml or --config file):\n");
        wr_config_help(wr_client_config, out);
    }
    if (command->keys) {
        wr_buf_text(out, "\nConfiguration (flag, WEIR_ environment variable, or --config file):\n");
        wr_config_help(command->keys, out);
    }
}

/* ---- man(7) */
static void man_text(const char *text, wr_buf *out)
{
    for (const char *at = text; *at; at++) {
        bool line_start = at == text || at[-1] == '\n';
        if (line_start && (*at == '.' || *at == '\''))
            wr_buf_text(out, "\\&");
        if (*at == '\\')
            wr_buf_text(out, "\\e");
        else if (*at == '-')
            wr_buf_text(out, "\\-");
        else
            wr_buf_append(out, at, 1);
    }
    wr_buf_text(out, "\n");
}

static void man_options(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    for (int at = 0; (option = wr_option_next(command, &at));) {
        wr_buf_text(out, ".TP\n");
        if (option->letter)
            wr_buf_printf(out, "\\fB\\-%c\\fR, ", option->letter);
        wr_buf_printf(out, "\\fB\\-\\-%s\\fR%s%s\n", option->name, option->value ? " " : "",
                      option->value ? option->value : "");
        man_text(option->help, out);
        if (option->fallback && option->fallback[0])
            wr_buf_printf(out, "Default: %s.\n", option->fallback);
    }
}

static void man_keys(const char *title, const wr_config_key *table, wr_buf *out)
{
    wr_buf keys;
    wr_buf_init(&keys, 1 << 16);
    wr_config_help(table, &keys);
    wr_buf_printf(out, ".SH %s\n.nf\n", title);
    man_text(wr_buf_cstr(&keys), out);
    wr_buf_fini(&keys);
    wr_buf_text(out, ".fi\n");
}

static void man_overview(wr_buf *out)
{
    wr_buf_text(out, ".TH WEIR 1 \"\" \"weir " WEIR_VERSION
                     "\"\n.SH NAME\nweir \\- event-driven microservices, and a broker "
                     "that speaks Kafka\n.SH SYNOPSIS\n\\fBweir\\fR COMMAND [options] [operands]\n.SH COMMANDS\n");
    for (const wr_command *command = wr_commands; command->noun; command++) {
        char name[64];
        full_name(command, name, sizeof name);
        wr_buf_printf(out, ".TP\n\\fBweir %s\\fR\n", name);
        man_text(command->about, out);
    }
    wr_buf_text(out, ".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 not found, 4 denied, 5 unreachable or timed out, "
                     "6 precondition, 7 partly done, 130 interrupted.\n");
}

void wr_help_man(const wr_command *command, wr_buf *out)
{
    if (!command) {
        man_overview(out);
        return;
    }
    wr_buf_printf(out, ".TH WEIR-%s%s%s 1 \"\" \"weir " WEIR_VERSION "\"\n.SH NAME\nweir-%s%s%s \\- ", command->noun,
                  command->verb ? "-" : "", command->verb ? command->verb : "", command->noun, command->verb ? "-" : "",
                  command->verb ? command->verb : "");
    man_text(command->about, out);
    wr_buf_printf(out, ".SH SYNOPSIS\n\\fBweir %s%s%s\\fR [options] %s\n", command->noun, command->verb ? " " : "",
                  command->verb ? command->verb : "", command->operands);
    if (command->details) {
        wr_buf_text(out, ".SH DESCRIPTION\n.nf\n");
        man_text(command->details, out);
        wr_buf_text(out, ".fi\n");
    }
    wr_buf_text(out, ".SH OPTIONS\n");
    man_options(command, out);
    if (command->kafka)
        man_keys("CONNECTION", wr_client_config, out);
    if (command->keys)
        man_keys("CONFIGURATION", command->keys, out);
}

/* ---- completion: nouns, their verbs, and the options of a command */
static void list_words(const char *noun, wr_buf *out) /* NULL: nouns; else verbs */
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

static void list_options(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    for (int at = 0; (option = wr_option_next(command, &at));)
        wr_buf_printf(out, "--%s ", option->name);
}

static void complete_bash(wr_buf *out)
{
    wr_buf_text(out, "# bash completion of weir; source it, or put it into bash-completion's folder\n"
                     "_weir() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} words\n"
                     "    case \"$COMP_CWORD ${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n"
                     "    1\\ *) words='");
    list_words(NULL, out);
    wr_buf_text(out, "help' ;;\n");
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb)
            continue;
        wr_buf_printf(out, "    *\\ %s\\ *) words='", command->noun);
        list_options(command, out);
        wr_buf_text(out, "' ;;\n");
    }
    const char *last = "";
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb && strcmp(command->noun, last) != 0) {
            wr_buf_printf(out, "    2\\ %s\\ *) words='", command->noun);
            list_words(command->noun, out);
            wr_buf_text(out, "' ;;\n");
            last = command->noun;
        }
    }
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (!command->verb)
            continue;
        wr_buf_printf(out, "    *\\ %s\\ %s) words='", command->noun, command->verb);
        list_options(command, out);
        wr_buf_text(out, "' ;;\n");
    }
    wr_buf_text(out, "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                     "complete -o default -F _weir weir\n");
}

static void complete_fish(wr_buf *out)
{
    wr_buf_text(out, "# fish completion of weir\ncomplete -c weir -f\n");
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb)
            wr_buf_printf(out,
                          "complete -c weir -n '__fish_use_subcommand' -a %s\n"
                          "complete -c weir -n '__fish_seen_subcommand_from %s' -a %s -d \"%s\"\n",
                          command->noun, command->noun, command->verb, command->about);
        else
            wr_buf_printf(out, "complete -c weir -n '__fish_use_subcommand' -a %s -d \"%s\"\n", command->noun,
                          command->about);
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
        complete_fish(out);
    } else {
        return WEIR_E_NOT_FOUND;
    }
    return WEIR_OK;
}
