/* Which of several sources of configuration wins, and where .weir.yaml is looked for. */
#include "test.h"

#include <cli/command_int.h>
#include <stdio.h>

typedef struct fixture {
    wr_cli cli;
    const char *folder; /* empty at first */
} fixture;

static void begin(fixture *f, const char *first, const char *second)
{
    char noun[32], verb[32];
    int used = 0;
    snprintf(noun, sizeof noun, "%s", first);
    snprintf(verb, sizeof verb, "%s", second ? second : "");
    *f = (fixture){.folder = test_directory()};
    f->cli.command = wr_command_find(second ? 2 : 1, (char *[]){noun, verb}, &used);
    CHECK_OK(wr_cli_open(&f->cli));
    f->cli.folder = f->folder;
}

static void end(fixture *f)
{
    wr_cli_close(&f->cli);
}

static void write_file(fixture *f, const char *name, const char *text)
{
    CHECK_OK(wr_path_write(f->cli.io, weir_arena_printf(f->cli.arena, "%s/%s", f->folder, name), weir_slice_of(text)));
}

static const char *make_folder(fixture *f, const char *name)
{
    const char *path = weir_arena_printf(f->cli.arena, "%s/%s", f->folder, name);
    CHECK_OK(wr_dir_create(f->cli.io, path));
    return path;
}

/* At most three words and one variable; "" is none. */
static int parse(fixture *f, const char *first, const char *second, const char *variable)
{
    static char command[] = "topic";
    char one[300], two[300], set[300];
    snprintf(one, sizeof one, "%s", first);
    snprintf(two, sizeof two, "%s", second);
    snprintf(set, sizeof set, "%s", variable);
    char *words[] = {command, one, two, NULL}, *environment[] = {variable[0] ? set : NULL, NULL};
    return wr_cli_parse(&f->cli, first[0] ? second[0] ? 2 : 1 : 0, words + 1, environment);
}

static const char *servers(const fixture *f)
{
    return weir_arena_dup_text(f->cli.arena, weir_slice_of(wr_config_text(f->cli.config, "bootstrap.servers")));
}

TEST(without_anything_it_is_this_machine)
{
    fixture f;
    begin(&f, "topic", "ls");
    make_folder(&f, ".git");
    CHECK_EQ(parse(&f, "", "", ""), WR_EXIT_OK);
    CHECK_STR(servers(&f), "127.0.0.1:9092");
    end(&f);
}

TEST(a_file_goes_before_the_default_the_environment_before_it_and_flags_before_all)
{
    static const struct {
        const char *first, *second, *variable, *expected;
    } cases[] = {
        {"", "", "", "file:1"},
        {"", "", "WEIR_BOOTSTRAP_SERVERS=env:2", "env:2"},
        {"--bootstrap-servers", "flag:3", "WEIR_BOOTSTRAP_SERVERS=env:2", "flag:3"},
        {"--bootstrap-servers=flag:3", "", "", "flag:3"},
        {"-b", "short:4", "WEIR_BOOTSTRAP_SERVERS=env:2", "short:4"},
        {"--bootstrap-servers=flag:3", "-bshort:4", "", "short:4"},
        {"--bootstrap", "long:5", "", "long:5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        begin(&f, "topic", "ls");
        write_file(&f, ".weir.yaml", "bootstrap:\n  servers: file:1\n");
        CHECK_EQ(parse(&f, cases[i].first, cases[i].second, cases[i].variable), WR_EXIT_OK);
        CHECK_STR(servers(&f), cases[i].expected);
        end(&f);
    }
}

TEST(the_nearest_file_upwards_counts_and_no_other)
{
    fixture f;
    begin(&f, "topic", "ls");
    write_file(&f, ".weir.yaml", "bootstrap.servers: above:1\n");
    make_folder(&f, "a");
    f.cli.folder = make_folder(&f, "a/b");
    CHECK_EQ(parse(&f, "", "", ""), WR_EXIT_OK);
    CHECK_STR(servers(&f), "above:1");
    end(&f);

    begin(&f, "topic", "ls");
    write_file(&f, ".weir.yaml", "bootstrap.servers: above:1\n");
    make_folder(&f, "a");
    write_file(&f, "a/.weir.yaml", "client.id: me\n");
    f.cli.folder = make_folder(&f, "a/b");
    CHECK_EQ(parse(&f, "", "", ""), WR_EXIT_OK);
    CHECK_STR(servers(&f), "127.0.0.1:9092");
    CHECK_STR(wr_config_text(f.cli.config, "client.id"), "me");
    end(&f);
}

TEST(the_search_ends_at_the_repositorys_root)
{
    fixture f;
    begin(&f, "topic", "ls");
    write_file(&f, ".weir.yaml", "bootstrap.servers: outside:1\n");
    make_folder(&f, "repository");
    make_folder(&f, "repository/.git");
    f.cli.folder = make_folder(&f, "repository/src");
    CHECK_EQ(parse(&f, "", "", ""), WR_EXIT_OK);
    CHECK_STR(servers(&f), "127.0.0.1:9092");
    end(&f);
}

TEST(the_users_own_file_stands_below_the_projects)
{
    fixture f;
    begin(&f, "topic", "ls");
    make_folder(&f, "home");
    make_folder(&f, "home/.config");
    make_folder(&f, "home/.config/weir");
    write_file(&f, "home/.config/weir/config.yaml", "bootstrap.servers: home:1\nclient.id: me\n");
    write_file(&f, ".weir.yaml", "bootstrap.servers: project:1\n");
    CHECK_EQ(parse(&f, "", "", weir_arena_printf(f.cli.arena, "HOME=%s/home", f.folder)), WR_EXIT_OK);
    CHECK_STR(servers(&f), "project:1");
    CHECK_STR(wr_config_text(f.cli.config, "client.id"), "me");
    end(&f);
}

TEST(a_file_that_is_named_replaces_those_that_are_found)
{
    fixture f;
    begin(&f, "topic", "ls");
    write_file(&f, ".weir.yaml", "bootstrap.servers: found:1\n");
    write_file(&f, "own.yaml", "client.id: me\n");
    CHECK_EQ(parse(&f, "--config", weir_arena_printf(f.cli.arena, "%s/own.yaml", f.folder), ""), WR_EXIT_OK);
    CHECK_STR(servers(&f), "127.0.0.1:9092");
    CHECK_STR(wr_config_text(f.cli.config, "client.id"), "me");
    end(&f);
}

TEST(a_file_that_is_not_there_or_not_right_is_an_error)
{
    fixture f;
    begin(&f, "topic", "ls");
    CHECK_EQ(parse(&f, "--config", "/nonexistent/file", ""), WR_EXIT_NOT_FOUND);
    end(&f);
    begin(&f, "topic", "ls");
    write_file(&f, ".weir.yaml", "bootstrap.srevers: x\n");
    CHECK_EQ(parse(&f, "", "", ""), WR_EXIT_USAGE);
    end(&f);
}

TEST(a_broker_reads_only_the_file_it_is_told)
{
    fixture f;
    begin(&f, "server", NULL);
    write_file(&f, ".weir.yaml", "num.partitions: 7\n");
    CHECK_EQ(parse(&f, "", "", ""), WR_EXIT_OK);
    CHECK_EQ(wr_config_int(f.cli.config, "num.partitions"), 1);
    end(&f);
    begin(&f, "server", NULL);
    write_file(&f, "own.yaml", "num.partitions: 7\nlog:\n  retention:\n    ms: 5000\n");
    CHECK_EQ(parse(&f, "--config", weir_arena_printf(f.cli.arena, "%s/own.yaml", f.folder), "WEIR_NUM_PARTITIONS=9"),
             WR_EXIT_OK);
    CHECK_EQ(wr_config_int(f.cli.config, "num.partitions"), 9);
    CHECK_EQ(wr_config_int(f.cli.config, "log.retention.ms"), 5000);
    end(&f);
}

TEST(every_error_has_the_exit_status_that_fits)
{
    CHECK_EQ(wr_exit_of(WEIR_OK), 0);
    CHECK_EQ(wr_exit_of(WEIR_E_IO), 1);
    CHECK_EQ(wr_exit_of(WEIR_E_USAGE), 2);
    CHECK_EQ(wr_exit_of(WEIR_E_FORMAT), 2);
    CHECK_EQ(wr_exit_of(WEIR_E_NOT_FOUND), 3);
    CHECK_EQ(wr_exit_of(WEIR_E_DENIED), 4);
    CHECK_EQ(wr_exit_of(WEIR_E_TIMEOUT), 5);
    CHECK_EQ(wr_exit_of(WEIR_E_UNREACHABLE), 5);
    CHECK_EQ(wr_exit_of(WEIR_E_EXISTS), 6);
    CHECK_EQ(wr_exit_of(WEIR_E_REFUSED), 6);
}
