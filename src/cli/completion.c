/* Shell completion from the command table: commands, options, the flags of configuration keys, the choices of an option, and
 * the names of topics and groups, which the shell asks `weir topic ls -o name` for, at the -b that stands in the line.
 *
 * bash and zsh share a function that knows the table: from where the cursor is, noun, verb and the word before it sets
 * `found` (what may stand here) and `names` (topics or groups, asked for unless an option is begun). Each has a few lines
 * around it that give it the words and take what it has found. Names come from whoever made the groups: they are compared
 * and quoted, and never expanded, as bash's compgen -W would. fish has one line a thing. What is none of these is a file,
 * where there can be one. */
#include <cli/command.h>

#include <client/client.h>

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

/* "one|another" with blanks. */
static void list_choices(const char *choices, wr_buf *out)
{
    for (const char *at = choices; at && *at; at++)
        wr_buf_append(out, *at == '|' ? " " : at, 1);
}

/* The next key that has a flag, of the command's tables; *at is 0 before the first. NULL after the last. */
static const wr_config_key *next_key(const wr_command *command, int *at)
{
    const wr_config_key *const tables[] = {command->keys, command->kafka ? wr_client_config : NULL};
    int left = (*at)++;
    for (int i = 0; i < 2; i++)
        for (const wr_config_key *key = tables[i]; key && key->key; key++)
            if (!key->apply_prefix_any && left-- == 0)
                return key;
    return NULL;
}

/* Without its dashes in front. */
static void print_flag(const wr_config_key *key, wr_buf *out)
{
    for (const char *at = key->flag ? key->flag : key->key; *at; at++)
        wr_buf_append(out, !key->flag && strchr("._", *at) ? "-" : at, 1);
}

/* Of what the operands are: their names, or one of a few words. */
static bool completes_names(const wr_command *command)
{
    return command->completes && !strchr(command->completes, '|');
}

/* ---- bash and zsh */

static void shell_option(const wr_option *option, wr_buf *out)
{
    wr_buf_printf(out, "        --%s", option->name);
    if (option->letter)
        wr_buf_printf(out, "|-%c", option->letter);
    wr_buf_text(out, ") names= found='");
    if (option->kind == WR_OPTION_CHOICE)
        list_choices(option->value, out);
    wr_buf_printf(out, "'%s ;;\n", strcmp(option->name, "topic") == 0 ? " names=topic" : "");
}

static void shell_key(const wr_config_key *key, wr_buf *out)
{
    if (key->kind == WR_CONFIG_BOOL)
        return; /* it takes no value */
    wr_buf_text(out, "        --");
    print_flag(key, out);
    wr_buf_text(out, ") names= found='");
    list_choices(key->choices, out);
    wr_buf_text(out, "' ;;\n");
}

/* What may follow the words of a command. */
static void shell_command(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    const wr_config_key *key;
    wr_buf_text(out, "found='");
    for (int at = 0; (option = wr_option_next(command, &at));)
        wr_buf_printf(out, "--%s ", option->name);
    for (int at = 0; (key = next_key(command, &at));) {
        wr_buf_text(out, "--");
        print_flag(key, out);
        wr_buf_text(out, " ");
    }
    if (command->completes && !completes_names(command))
        list_choices(command->completes, out);
    wr_buf_printf(out, "' names=%.5s\n", completes_names(command) ? command->completes : "");
    wr_buf_text(out, "        case $4 in\n");
    for (int at = 0; (option = wr_option_next(command, &at));)
        if (option->value)
            shell_option(option, out);
    for (int at = 0; (key = next_key(command, &at));)
        shell_key(key, out);
    wr_buf_text(out, "        esac ;;\n");
}

static void shell_known(wr_buf *out)
{
    const char *noun = "";
    wr_buf_text(out, "# Where the cursor is, noun, verb, the word before: sets found and names.\n"
                     "_weir_known() {\n"
                     "    case \"$1 $2 $3\" in\n"
                     "    1\\ *) found='");
    list_words(NULL, out);
    wr_buf_text(out, "help' ;;\n    2\\ help\\ *) found='");
    list_words(NULL, out);
    wr_buf_text(out, "' ;;\n");
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb && strcmp(command->noun, noun) != 0) {
            wr_buf_printf(out, "    2\\ %s\\ *|3\\ help\\ %s) found='", command->noun, command->noun);
            list_words(command->noun, out);
            wr_buf_text(out, "' ;;\n");
        }
        noun = command->noun;
    }
    wr_buf_text(out, "    *\\ help\\ *) ;;\n");
    for (const wr_command *command = wr_commands; command->noun; command++) {
        if (command->verb)
            wr_buf_printf(out, "    *\\ %s\\ %s) ", command->noun, command->verb);
        else
            wr_buf_printf(out, "    *\\ %s\\ *) ", command->noun);
        shell_command(command, out);
    }
    wr_buf_text(out, "    esac\n}\n");
}

/* bash cuts words at = and :, so that the address is read from the line as it stands, and --acks=a is three words. */
static void complete_bash(wr_buf *out)
{
    wr_buf_text(out, "# bash completion of weir; source it, or put it into bash-completion's folder\n");
    shell_known(out);
    wr_buf_text(
        out, "_weir() {\n"
             "    local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]} found= names= server=() may\n"
             "    [[ $word != = ]] || word=\n"
             "    [[ $last != = ]] || last=${COMP_WORDS[COMP_CWORD-2]}\n"
             "    [[ $COMP_LINE =~ [[:space:]](-b|--bootstrap)[[:space:]=]+([^[:space:]]+) ]] && "
             "server=(-b \"${BASH_REMATCH[2]}\")\n"
             "    _weir_known \"$COMP_CWORD\" \"${COMP_WORDS[1]}\" \"${COMP_WORDS[2]}\" \"$last\"\n"
             "    if [[ $names && $word != -* ]]; then\n"
             "        found=$(\"${COMP_WORDS[0]}\" $names ls -o name --timeout 1s \"${server[@]}\" 2>/dev/null)\n"
             "    else\n"
             "        found=${found// /$'\\n'}\n"
             "    fi\n"
             "    COMPREPLY=()\n"
             "    while IFS= read -r may; do\n"
             "        [[ $may && $may == \"$word\"* ]] || continue\n"
             "        printf -v may %q \"$may\"\n"
             "        COMPREPLY+=(\"$may\")\n"
             "    done <<< \"$found\"\n}\n"
             "complete -o default -F _weir weir\n");
}

/* As a file _weir in $fpath it is the function's body; sourced it only says what there is. */
static void complete_zsh(wr_buf *out)
{
    wr_buf_text(out,
                "#compdef weir\n# zsh completion of weir; source it after compinit, or put it into $fpath as _weir\n");
    shell_known(out);
    wr_buf_text(out, "_weir() {\n"
                     "    local found= names= word=${words[CURRENT]} last=${words[CURRENT-1]} i\n"
                     "    local -a server may\n"
                     "    for ((i = 2; i < CURRENT; i++)); do\n"
                     "        case ${words[i]} in\n"
                     "        -b|--bootstrap) server=(-b \"${words[i+1]}\") ;;\n"
                     "        --bootstrap=*) server=(-b \"${words[i]#*=}\") ;;\n"
                     "        esac\n"
                     "    done\n"
                     "    if [[ $word == --*=* ]]; then\n"
                     "        last=${word%%=*} word=${word#*=}\n"
                     "        compset -P '*='\n"
                     "    fi\n"
                     "    _weir_known $((CURRENT - 1)) \"${words[2]}\" \"${words[3]}\" \"$last\"\n"
                     "    if [[ -n $names && $word != -* ]]; then\n"
                     "        may=(${(f)\"$(${words[1]} $names ls -o name --timeout 1s $server 2>/dev/null)\"})\n"
                     "    else\n"
                     "        may=(${=found})\n"
                     "    fi\n"
                     "    compadd -a may || _files\n"
                     "}\n"
                     "if [[ ${funcstack[1]} == _weir ]]; then _weir \"$@\"; else compdef _weir weir; fi\n");
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
    wr_buf_printf(out, "complete -c weir -n '__weir_is %s%s%s'", command->noun, command->verb ? " " : "",
                  command->verb ? command->verb : "");
}

/* What stands for the value says whether it is a file. */
static bool is_path(const char *value)
{
    return value && (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0);
}

static void fish_choices(const char *choices, wr_buf *out)
{
    wr_buf_text(out, " -a '");
    list_choices(choices, out);
    wr_buf_text(out, "'");
}

static void fish_option(const wr_command *command, const wr_option *option, wr_buf *out)
{
    fish_condition(command, out);
    wr_buf_printf(out, " -l %s", option->name);
    if (option->letter)
        wr_buf_printf(out, " -s %c", option->letter);
    if (option->value)
        wr_buf_text(out, is_path(option->value) ? " -r -F" : " -x");
    if (option->kind == WR_OPTION_CHOICE)
        fish_choices(option->value, out);
    if (strcmp(option->name, "topic") == 0)
        wr_buf_text(out, " -a '(__weir_names topic)'");
    wr_buf_text(out, " -d ");
    fish_text(option->help, out);
    wr_buf_text(out, "\n");
}

static void fish_key(const wr_command *command, const wr_config_key *key, wr_buf *out)
{
    fish_condition(command, out);
    wr_buf_text(out, " -l ");
    print_flag(key, out);
    if (key->kind == WR_CONFIG_CHOICE) {
        wr_buf_text(out, " -x");
        fish_choices(key->choices, out);
    } else if (key->kind != WR_CONFIG_BOOL) {
        wr_buf_text(out, key->kind == WR_CONFIG_TEXT ? " -r -F" : " -x"); /* a text may be a path */
    }
    wr_buf_text(out, " -d ");
    fish_text(key->help, out);
    wr_buf_text(out, "\n");
}

static void fish_command(const wr_command *command, wr_buf *out)
{
    const wr_option *option;
    const wr_config_key *key;
    if (command->verb)
        wr_buf_printf(out,
                      "complete -c weir -n '__weir_at 1' -a %s\n"
                      "complete -c weir -n '__weir_at 2; and __weir_is %s' -a %s -d ",
                      command->noun, command->noun, command->verb);
    else
        wr_buf_printf(out, "complete -c weir -n '__weir_at 1' -a %s -d ", command->noun);
    fish_text(command->about, out);
    wr_buf_text(out, "\n");
    fish_condition(command, out);
    if (completes_names(command))
        wr_buf_printf(out, " -a '(__weir_names %.5s)'\n", command->completes);
    else if (command->completes)
        fish_choices(command->completes, out), wr_buf_text(out, "\n");
    else
        wr_buf_text(out, command->operand_max > 0 ? " -F\n" : " -f\n");
    for (int at = 0; (option = wr_option_next(command, &at));)
        fish_option(command, option, out);
    for (int at = 0; (key = next_key(command, &at));)
        fish_key(command, key, out);
}

static void complete_fish(wr_buf *out)
{
    wr_buf_text(out, "# fish completion of weir\n"
                     "function __weir_at # so many words stand before the cursor's\n"
                     "    test (count (commandline -opc)) -eq $argv[1]\n"
                     "end\n"
                     "function __weir_is # the command is this noun, and this verb\n"
                     "    set -l words (commandline -opc)\n"
                     "    test \"$words[2]\" = $argv[1]; and begin; test (count $argv) -eq 1; or test \"$words[3]\" = "
                     "$argv[2]; end\n"
                     "end\n"
                     "function __weir_names # topics or groups, where -b says\n"
                     "    set -l words (commandline -opc)\n"
                     "    set -l server\n"
                     "    for i in (seq (count $words))\n"
                     "        switch $words[$i]\n"
                     "            case -b --bootstrap\n"
                     "                set server -b $words[(math $i + 1)]\n"
                     "            case '--bootstrap=*'\n"
                     "                set server -b (string replace -- --bootstrap= '' $words[$i])\n"
                     "        end\n"
                     "    end\n"
                     "    $words[1] $argv[1] ls -o name --timeout 1s $server 2>/dev/null\n"
                     "end\n"
                     "complete -c weir -f\n"
                     "complete -c weir -n '__weir_at 1' -a help -d \"what a command does\"\n"
                     "complete -c weir -n '__weir_at 2; and __weir_is help' -a '");
    list_words(NULL, out);
    wr_buf_text(out, "'\n");
    for (const wr_command *command = wr_commands; command->noun; command++)
        fish_command(command, out);
}

weir_err wr_help_completion(const char *shell, wr_buf *out)
{
    if (strcmp(shell, "bash") == 0)
        complete_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        complete_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        complete_fish(out);
    else
        return WEIR_E_NOT_FOUND;
    return WEIR_OK;
}
