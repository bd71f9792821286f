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
    wr_buf_text(out, "\n'weir help COMMAND' says more. Commands that talk to a Kafka find it by -b,\n"
                     "WEIR_BOOTSTRAP_SERVERS or .weir.yaml.\n");
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
        const char *by_default = wr_config_default_says(command->defaults, option->name, option->fallback);
        if (by_default && by_default[0])
            wr_buf_printf(out, " (%s)", by_default);
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
        wr_config_help(wr_client_config, command->defaults, out);
    }
    if (command->keys) {
        wr_buf_text(out, "\nConfiguration (flag, WEIR_ environment variable, or --config file):\n");
        wr_config_help(command->keys, command->defaults, out);
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
        const char *by_default = wr_config_default_says(command->defaults, option->name, option->fallback);
        if (by_default && by_default[0])
            wr_buf_printf(out, "Default: %s.\n", by_default);
    }
}

static void man_keys(const char *title, const wr_config_key *table, const wr_config_default *defaults, wr_buf *out)
{
    wr_buf keys;
    wr_buf_init(&keys, 1 << 16);
    wr_config_help(table, defaults, &keys);
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
                     "6 precondition, 7 partly done, 128 and the signal interrupted.\n");
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
        man_keys("CONNECTION", wr_client_config, command->defaults, out);
    if (command->keys)
        man_keys("CONFIGURATION", command->keys, command->defaults, out);
}
