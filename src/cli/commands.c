/* The command table. */
#include <cli/commands.h>

#include <broker/config.h>
#include <client/client.h>

static const wr_option server_options[] = {
    {"log-level", 0, "debug|info|warn|error", "info", "the least important lines to write", WR_OPTION_CHOICE},
    {"ready-fd", 0, "N", NULL, "write one JSON line with the addresses to this descriptor when ready", WR_OPTION_NUMBER,
     0, 1 << 20},
    {0},
};

static const wr_option topic_create_options[] = {
    {"partitions", 'p', "N", "1", "number of partitions", WR_OPTION_NUMBER, 1, 100000},
    {"replication", 'r', "N", "-1", "replication factor; -1 is the cluster's default", WR_OPTION_NUMBER, -1, INT16_MAX},
    {"set", 'c', "KEY=VALUE,...", NULL, "configuration of the topic, such as retention.ms=3600000", WR_OPTION_PAIRS},
    {"if-absent", 0, NULL, NULL, "fine when the topic exists"},
    {0},
};

static const wr_option topic_ls_options[] = {
    {"all", 'a', NULL, NULL, "internal topics too"},
    {0},
};

static const wr_option topic_alter_options[] = {
    {"set", 'c', "KEY=VALUE,...", NULL, "configuration of its own, such as retention.ms=3600000; may be repeated",
     WR_OPTION_PAIRS},
    {"unset", 0, "KEY,...", NULL, "configuration to take from the broker again; may be repeated", WR_OPTION_LIST},
    {"partitions", 'p', "N", NULL, "partitions in all; they can only become more", WR_OPTION_NUMBER, 1, 100000},
    {0},
};

static const wr_option group_show_options[] = {
    {"topic", 't', "TOPIC,...", NULL, "only these topics, partition by partition; may be repeated", WR_OPTION_LIST},
    {0},
};

static const wr_option group_reset_options[] = {
    {"to", 0, "WHERE", NULL, "start, end, N, -N (from the end), or a time: -5m, '2h ago', RFC 3339, @MILLISECONDS"},
    {"by", 0, "N", NULL, "so many records on, or back where it is negative, from where each position is",
     WR_OPTION_NUMBER, -INT64_MAX, INT64_MAX},
    {"topic", 't', "TOPIC,...", NULL, "only these topics, also where the group has no position yet; may be repeated",
     WR_OPTION_LIST},
    {"partition", 'p', "N", NULL, "only this partition", WR_OPTION_NUMBER, 0, INT32_MAX},
    {0},
};

static const wr_option outbox_inserted_options[] = {
    {"inserted", 0, NULL, NULL, "the number is of a bad row that another program inserted"},
    {0},
};

static const wr_option outbox_inspect_options[] = {
    {"aside", 0, NULL, NULL, "the number is of what is set aside"},
    {"inserted", 0, NULL, NULL, "the number is of a row that another program inserted"},
    {0},
};

#define DLQ_WHERE                                                                                                      \
    {                                                                                                                  \
        "where", 0, "CLAUSE", NULL, "only letters of which this holds: see weir help dlq redrive, weir dlq fields"     \
    }
#define DLQ_LIMIT                                                                                                      \
    {                                                                                                                  \
        "limit", 'n', "N", "0", "no more than so many; 0 is no limit", WR_OPTION_NUMBER, 0, INT64_MAX                  \
    }
#define DLQ_TARGET                                                                                                     \
    {"to", 0, "TOPIC", NULL, "into this topic, instead of the one that the letter's group reads for this"},            \
        {"for-everyone", 0, NULL, NULL,                                                                                \
         "for all that read the topic, not for the group that failed alone; without --to where each stood first"},     \
        {"max-redrives", 0, "N", "3", "leave what has come back so often", WR_OPTION_NUMBER, 1, INT32_MAX},            \
    {                                                                                                                  \
        "again", 0, NULL, NULL, "also what was put back or dropped already, or is in doubt"                            \
    }

static const wr_option dlq_ls_options[] = {
    DLQ_WHERE,
    {"by", 0, "FIELD,...", "group,reason,source", "count by these fields of a clause"},
    {"letters", 'l', NULL, NULL, "each letter, instead of counts"},
    {"all", 'a', NULL, NULL, "also what was put back or dropped"},
    DLQ_LIMIT,
    {0},
};

static const wr_option dlq_show_options[] = {
    {"output", 'o', "json|yaml|value", NULL,
     "by default yaml on a terminal and json in a pipe; value is the event's data as it is", WR_OPTION_CHOICE},
    {0},
};

static const wr_option dlq_redrive_options[] = {
    DLQ_WHERE,
    DLQ_LIMIT,
    {"rate", 0, "N", "0", "letters a second; 0 is as fast as they go", WR_OPTION_NUMBER, 0, 1000000},
    DLQ_TARGET,
    {"force", 0, NULL, NULL, "also beyond --max-redrives, into compacted topics, and past notes of a later weir"},
    {0},
};

static const wr_option dlq_edit_options[] = {
    {"set", 's', "/PLACE=VALUE,...", NULL,
     "a value at a JSON pointer of the data: JSON, else a text; may be repeated; a comma in it is \\,",
     WR_OPTION_PAIRS},
    {"header", 'H', "NAME=VALUE,...", NULL, "headers of the event, such as ce_dataversion=2; may be repeated",
     WR_OPTION_PAIRS},
    {"data", 'd', "FILE", NULL, "all of the data; - is stdin"},
    {"keep", 0, NULL, NULL, "only change it, and do not put it back"},
    DLQ_TARGET,
    {"force", 0, NULL, NULL, "also what is no JSON in place of JSON, beyond --max-redrives, and into compacted topics"},
    {0},
};

static const wr_option dlq_drop_options[] = {
    DLQ_WHERE,
    DLQ_LIMIT,
    {"reason", 0, "TEXT", "dropped by hand", "why, for those who look later"},
    {0},
};

static const wr_option parked_ls_options[] = {
    {"events", 0, NULL, NULL, "event by event instead of key by key"},
    {0},
};

static const wr_option parked_retry_options[] = {
    {"all", 0, NULL, NULL, "every key that waits"},
    {0},
};

static const wr_option timers_ls_options[] = {
    {"limit", 'n', "N", "1000", "at most so many, those that are due first", WR_OPTION_NUMBER, 1, 1000000},
    {0},
};

static const wr_option timers_show_options[] = {
    {"schedule", 0, NULL, NULL, "the id is the name of a schedule"},
    {0},
};

static const wr_option produce_options[] = {
    {"key", 'k', "TEXT", NULL, "key of every record"},
    {"header", 'H', "NAME=VALUE,...", NULL, "headers of every record, may be repeated; a comma in a value is \\,",
     WR_OPTION_PAIRS},
    {"partition", 'p', "N", "-1", "partition; -1 chooses by key as Java does", WR_OPTION_NUMBER, -1, INT32_MAX},
    {"format", 'f', "line|kv|hkv|json|file", "line",
     "line: a value a line; kv: KEY<tab>VALUE; hkv: NAME=VALUE,...<tab>KEY<tab>VALUE; json: as `consume -o json` "
     "prints; file: all of it is one value",
     WR_OPTION_CHOICE},
    {"null", 'Z', NULL, NULL, "an empty value is null (a tombstone)"},
    {"ce-type", 0, "TYPE", NULL, "send CloudEvents of this type, the line being the data"},
    {"ce-source", 0, "URI", "weir-cli", "their source"},
    {"compression", 'z', "none|gzip|snappy|lz4|zstd", "none", "how batches are packed", WR_OPTION_CHOICE},
    {"acks", 0, "all|1", "all", "all: on the disk; 1: in the broker's memory", WR_OPTION_CHOICE},
    {"rate", 0, "N", "0", "records a second; 0 is as fast as they go", WR_OPTION_NUMBER, 0, 1000000},
    {"quiet", 'q', NULL, NULL, "say nothing of what was produced"},
    {0},
};

static const wr_option consume_options[] = {
    {"output", 'o', "pretty|json|yaml|name", NULL,
     "the form of a record; by default pretty on a terminal and json in a pipe; name is TOPIC/PARTITION@OFFSET",
     WR_OPTION_CHOICE},
    {"offset", 0, "WHERE", "start",
     "start, end, N, -N (from the end), or a time: -5m, '2h ago', RFC 3339, @MILLISECONDS"},
    {"to", 0, "WHERE", NULL, "stop there, at an offset or a time; without --follow the end as it is now"},
    {"count", 'n', "N", "0", "stop after this many records; 0 is no limit", WR_OPTION_NUMBER, 0, INT64_MAX},
    {"tail", 0, "N", NULL, "the last N records of each partition", WR_OPTION_NUMBER, 0, INT64_MAX},
    {"follow", 'F', NULL, NULL, "wait for new records"},
    {"partition", 'p', "N", NULL, "only this partition", WR_OPTION_NUMBER, 0, INT32_MAX},
    {"group", 'g', "NAME", NULL, "as a member of this consumer group, committing; implies --follow"},
    {"key", 'k', "TEXT", NULL, "only records with this key"},
    {"where", 0, "NAME=VALUE", NULL, "only records whose header, or attribute of the event, has this value"},
    {"format", 'f', "FORM", NULL,
     "%t topic %p partition %o offset %k key %v value %h headers, %h{NAME} one of them, %T timestamp, %K %S sizes of "
     "key and value, \\n \\t; else pretty "
     "or JSON lines"},
    {"exit-when-idle", 0, "TIME", NULL, "with --follow or --group: end when nothing came for so long",
     WR_OPTION_DURATION, 0, INT64_MAX / 1000},
    {0},
};

static const wr_option group_lag_options[] = {
    {"watch", 'w', NULL, NULL,
     "again every second, until interrupted; a row a topic on a terminal, -o wide shows partitions"},
    {"fail-above", 0, "N", NULL, "exit with 6 if the total lag is greater", WR_OPTION_NUMBER, 0, INT64_MAX - 1},
    {0},
};

static const wr_option demo_options[] = {
    {"output", 'o', "table|json|yaml", "table", "the form of the summary", WR_OPTION_CHOICE},
    {"orders", 0, "FILE", NULL, "orders in the Online Retail format, .csv or .csv.xz; else they are generated"},
    {"count", 'n', "N", NULL, "invoices to read; by default all of the file, 2000 generated ones, no end with --live",
     WR_OPTION_NUMBER, 0, INT64_MAX},
    {"seed", 0, "N", "1", "of the generator, and of --chaos", WR_OPTION_NUMBER, 0, INT64_MAX},
    {"rate", 0, "N", NULL, "invoices a second; by default as fast as they go, 5 with --live"},
    {"live", 0, NULL, NULL, "at a rate to watch, until Ctrl-C"},
    {"kafka", 0, "HOST:PORT", NULL, "run on this Kafka instead of weir's own broker"},
    {"chaos", 0, NULL, NULL, "kill every service and the broker with SIGKILL at random moments"},
    {"kills", 0, "N", "27", "with --chaos: how many", WR_OPTION_NUMBER, 1, 10000},
    {"data", 0, "DIR", NULL,
     "where databases, logs and the broker's data go; by default a folder that is removed at the end"},
    {"keep", 0, NULL, NULL, "keep that folder"},
    {"services", 0, "DIR", NULL, "where the services' programs are; by default beside this one"},
    {"http-port", 0, "N", NULL, "of the gateway; by default 8080 with --live, else a free one", WR_OPTION_NUMBER, 0,
     65535},
    {"port", 0, "N", NULL, "of the broker; by default 9092 with --live, else a free one", WR_OPTION_NUMBER, 0, 65535},
    {"partitions", 0, "N", "4", "of every topic", WR_OPTION_NUMBER, 1, 1000},
    {"stall", 0, "TIME", "120s", "give up when nothing has moved for so long", WR_OPTION_DURATION, 1, 86400000},
    {0},
};

static const wr_config_default dev_defaults[] = {
    {"profile", "development"},
    {0},
};

/* Quiet unless asked: its output may be somebody's test report. */
static const wr_config_default test_broker_defaults[] = {
    {"profile", "development"},
    {"port", NULL, "a free one without --listeners"},
    {"log.dirs", NULL, "a temporary directory"},
    {"ephemeral", NULL, "true without --data"},
    {"log-level", "warn"},
    {"ready-fd", "1"},
    {0},
};

static const wr_config_default demo_defaults[] = {
    {"bootstrap.servers", NULL, "its own broker; the same as --kafka"},
    {0},
};

const wr_command wr_commands[] = {
    {"dev", NULL, NULL, "", 0, 0, "a broker for development, in one command",
     "Starts the broker in its development profile on 127.0.0.1:9092 with its data in ./weir-data, prints where it is, "
     "and\n"
     "runs until Ctrl-C.",
     server_options, false, wr_broker_keys, wr_run_dev, .defaults = dev_defaults},
    {"server", NULL, NULL, "", 0, 0, "the broker",
     "Runs until SIGTERM or SIGINT, then answers what waits and closes its logs.\n"
     "    weir server --data /var/lib/weir --listeners 127.0.0.1:9092",
     server_options, false, wr_broker_keys, wr_run_server},
    {"test-broker", NULL, NULL, "", 0, 0, "a broker for tests in any language",
     "On a free port, in memory's speed, gone with its parent process:\n"
     "    weir test-broker --port 0 --ready-fd 3\n"
     "writes {\"bootstrap\": \"127.0.0.1:PORT\", \"registry\": null, \"http\": null, \"pid\": N} to descriptor 3 (to "
     "stdout\n"
     "without --ready-fd). Without --data its directory is temporary, and nothing is synced.",
     server_options, false, wr_broker_keys, wr_run_test_broker, .defaults = test_broker_defaults},
    {"demo", NULL, NULL, "", 0, 0, "the marketplace: real orders through eight services",
     "Starts broker and services, feeds them orders, and checks what became of them:\n"
     "    weir demo --live                              watch it, until Ctrl-C\n"
     "    weir demo --orders online_retail.csv.xz       all of it as fast as it goes, then a summary\n"
     "Exit status 1 if an invariant is violated. Stock, payments and shipments are simulated.",
     demo_options, false, wr_client_config, wr_run_demo, .defaults = demo_defaults},

    {"topic", "ls", "list", "", 0, 0, "the topics", NULL, topic_ls_options, true, NULL, wr_run_topic_ls, .rows = true},
    {"topic", "show", "describe", "TOPIC", 1, 1, "a topic's partitions and configuration", NULL, NULL, true, NULL,
     wr_run_topic_show, .rows = true, .completes = "topics"},
    {"topic", "create", NULL, "TOPIC...", 1, WR_OPERANDS_MAX, "make topics",
     "    weir topic create orders -p 8 -c retention.ms=604800000,cleanup.policy=delete", topic_create_options, true,
     NULL, wr_run_topic_create},
    {"topic", "alter", NULL, "TOPIC", 1, 1, "change a topic's configuration, or add partitions",
     "Prints what is and what will be, asks the broker whether it would take it, then asks you. Only what is named\n"
     "changes: all else that the topic has of its own is read first and sent along.\n"
     "    weir topic alter orders --set retention.ms=86400000 --unset segment.ms\n"
     "    weir topic alter orders --partitions 8 --dry-run",
     topic_alter_options, true, NULL, wr_run_topic_alter, .rows = true, .changes = true, .completes = "topics"},
    {"topic", "rm", "delete", "TOPIC...", 1, WR_OPERANDS_MAX, "delete topics and all that is in them", NULL, NULL, true,
     NULL, wr_run_topic_rm, .changes = true, .completes = "topics"},

    {"produce", NULL, NULL, "TOPIC [FILE...]", 1, WR_OPERANDS_MAX, "write records",
     "From stdin, or from files (- is stdin):\n"
     "    echo hello | weir produce greetings -k world\n"
     "    weir consume orders | weir produce orders-copy -f json",
     produce_options, true, NULL, wr_run_produce, .completes = "topics"},
    {"consume", NULL, NULL, "TOPIC...", 1, WR_OPERANDS_MAX, "read records",
     "Pretty on a terminal, JSON lines in a pipe; JSON values are embedded, never escaped.\n"
     "    weir consume orders --tail 5\n"
     "    weir consume orders --offset -15m --follow --where ce_type=order.placed",
     consume_options, true, NULL, wr_run_consume, .completes = "topics"},

    {"group", "ls", "list", "", 0, 0, "the consumer groups", NULL, NULL, true, NULL, wr_run_group_ls, .rows = true},
    {"group", "show", "describe", "GROUP", 1, 1, "a group's members and positions",
     "One line that says how it is, then members and positions. A table of many partitions has one row a topic.\n"
     "    weir group show billing --topic orders\n"
     "    weir group show billing -o wide",
     group_show_options, true, NULL, wr_run_group_show, .rows = true, .completes = "groups"},
    {"group", "lag", NULL, "[GROUP...]", 0, WR_OPERANDS_MAX, "how far groups are behind", NULL, group_lag_options, true,
     NULL, wr_run_group_lag, .rows = true, .completes = "groups"},

    {"group", "reset", NULL, "GROUP", 1, 1, "set where a group goes on",
     "Only while nobody is in the group (exit status 6). Prints the new positions, then asks.\n"
     "    weir group reset billing --to start\n"
     "    weir group reset billing --to '2h ago' --topic orders --dry-run\n"
     "    weir group reset billing --by -100",
     group_reset_options, true, NULL, wr_run_group_reset, .rows = true, .changes = true, .completes = "groups"},
    {"group", "rm", "delete", "GROUP...", 1, WR_OPERANDS_MAX, "delete groups and their positions",
     "Only while nobody is in them (exit status 6).", NULL, true, NULL, wr_run_group_rm, .changes = true,
     .completes = "groups"},
    {"cluster", NULL, NULL, "", 0, 0, "the brokers, and whether all partitions can be used",
     "Exit status 0 when every partition has a leader and all its replicas, 1 when not, 5 when no broker answers.",
     NULL, true, NULL, wr_run_cluster, .rows = true},

    {"outbox", "status", NULL, "DATABASE", 1, 1, "how much a service has to publish, and what needs somebody",
     "DATABASE is DATA-DIR/NAME.db of a service that runs or has stopped. Exit status 1 when events are refused, set "
     "aside,\n"
     "or were inserted and cannot be published: weir outbox ls lists them.",
     NULL, false, NULL, wr_run_outbox_status, .rows = true},
    {"outbox", "lag", NULL, "DATABASE", 1, 1, "what is not published yet, topic by topic", NULL, NULL, false, NULL,
     wr_run_outbox_lag, .rows = true},
    {"outbox", "inspect", NULL, "DATABASE NUMBER", 2, 2, "one event whole, as a line of JSON",
     "`record` is what would be published, in the form that weir produce -f json reads.\n"
     "    weir outbox inspect billing.db 17\n"
     "    weir outbox inspect billing.db 3 --inserted",
     outbox_inspect_options, false, NULL, wr_run_outbox_inspect},
    {"outbox", "init-sql", NULL, "[DATABASE]", 0, 1, "the table into which other programs insert events",
     "DATABASE is sqlite unless given, or postgresql. A service makes this table itself when it starts. One INSERT is "
     "one\n"
     "event, in the transaction of whoever inserts:\n"
     "    INSERT INTO weir_outbox_inserts (aggregatetype, aggregateid, type, payload)\n"
     "    VALUES ('order', '17', 'order.placed', '{\"total\": 12}')",
     NULL, false, NULL, wr_run_outbox_init_sql, .completes = "sqlite|postgresql"},
    {"outbox", "ls", "list", "DATABASE", 1, 1, "what a service could not publish",
     "DATABASE is DATA-DIR/NAME.db of a service that runs or has stopped. `refused`: the broker does not take it, and "
     "it\n"
     "is tried again every minute; `behind`: its key waits for a refused one; `held`: refused or behind, too, but the\n"
     "broker may have it from before, so it keeps its number; `set aside`: kept until you decide; `bad`: inserted by\n"
     "another program, and no event: --inserted says that a number is of these.",
     NULL, false, NULL, wr_run_outbox_ls, .rows = true},
    {"outbox", "show", NULL, "DATABASE NUMBER", 2, 2, "the value of what is set aside, as it is", NULL,
     outbox_inserted_options, false, NULL, wr_run_outbox_show},
    {"outbox", "skip", NULL, "DATABASE NUMBER", 2, 2, "set a refused or held event aside, so that its key goes on",
     NULL, NULL, false, NULL, wr_run_outbox_skip},
    {"outbox", "requeue", NULL, "DATABASE NUMBER", 2, 2, "publish what is set aside after all, behind all others", NULL,
     outbox_inserted_options, false, NULL, wr_run_outbox_requeue},
    {"outbox", "rm", "delete", "DATABASE NUMBER", 2, 2, "delete what is set aside", NULL, outbox_inserted_options,
     false, NULL, wr_run_outbox_rm, .changes = true},

    {"dlq", "ls", "list", "[TOPIC...]", 0, WR_OPERANDS_MAX, "dead letters, counted by what they say",
     "Of any Kafka: letters of weir's services, of Spring for Apache Kafka and of Kafka Connect. Without a TOPIC all\n"
     "topics whose names end as those of dead letters do: .dlq, .dlt, -dlq, -dlt, also in capitals, and .dead.\n"
     "    weir dlq ls\n"
     "    weir dlq ls inventory.dlq --by reason,/sku --where 'age < 2h'\n"
     "    weir dlq ls inventory.dlq --letters",
     dlq_ls_options, true, NULL, wr_run_dlq_ls, .rows = true, .completes = "topics"},
    {"dlq", "show", NULL, "LETTER...", 1, WR_OPERANDS_MAX, "dead letters whole: why, from where, headers and value",
     "A letter is TOPIC/PARTITION@OFFSET, as weir dlq ls --letters and weir consume -o name print it. `record` is "
     "what\n"
     "would be put back, in the form that weir produce -f json reads.\n"
     "    weir dlq show inventory.dlq/0@17",
     dlq_show_options, true, NULL, wr_run_dlq_show, .completes = "topics"},
    {"dlq", "edit", NULL, "LETTER", 1, 1, "change a dead letter, and put it back",
     "The letter stays as it is; a note behind it has the change, and the event that is put back has the value before "
     "in\n"
     "the header weir-edit-original.\n"
     "    weir dlq edit inventory.dlq/0@17 --set /sku=A-17 --set /quantity=2\n"
     "    weir dlq edit inventory.dlq/0@17                         in your editor (VISUAL, EDITOR, else vi)",
     dlq_edit_options, true, NULL, wr_run_dlq_edit, .changes = true, .completes = "topics"},
    {"dlq", "redrive", NULL, "TOPIC|LETTER...", 1, WR_OPERANDS_MAX, "put dead letters back for the group that failed",
     "Each goes to GROUP.redrive, which the service that failed reads and nobody else. What was done is noted in the "
     "dead\n"
     "letter topic, so a run that was stopped or killed is begun again with the same words and puts nothing back "
     "twice.\n"
     "What is left is said with the reason; exit status 7 when some of the chosen ones are.\n"
     "    weir dlq redrive inventory.dlq --dry-run\n"
     "    weir dlq redrive inventory.dlq --where \"reason = exhausted and failed > -2h\" --rate 50 --yes\n"
     "A CLAUSE joins comparisons with and, or, not and parentheses: = != < <= > >=, contains, in (A, B), exists.\n"
     "    handler in (order.placed/1, order.placed/2) and not (key = 17 or /lines/0/quantity > 100)\n"
     "    error contains 'no such article' and header.tenant exists\n"
     "weir dlq fields lists its fields.",
     dlq_redrive_options, true, NULL, wr_run_dlq_redrive, .rows = true, .changes = true, .completes = "topics"},
    {"dlq", "drop", NULL, "TOPIC|LETTER...", 1, WR_OPERANDS_MAX, "decide that nothing is to become of dead letters",
     "Kafka deletes no single records: a dropped letter is noted as such, is listed and put back no more (but for\n"
     "--all and --again), and goes with its topic's retention. To delete all: weir topic rm.\n"
     "    weir dlq drop inventory.dlq --where 'failed < -30d' --reason 'too old to matter'",
     dlq_drop_options, true, NULL, wr_run_dlq_drop, .rows = true, .changes = true, .completes = "topics"},

    {"dlq", "fields", NULL, "", 0, 0, "what a clause about dead letters can ask for, and what it is compared with",
     "text has no order; time is RFC 3339, a date, now, or how long ago: -2h; duration is 30s, 5m, 2h or 7d; any is\n"
     "compared as a number where both sides are numbers.",
     NULL, false, NULL, wr_run_dlq_fields, .rows = true},

    {"parked", "ls", "list", "DATABASE", 1, 1, "keys of a service that wait for another attempt",
     "DATABASE is DATA-DIR/NAME.db of a service that runs or has stopped. A key waits when the handler of its first "
     "event\n"
     "could not do its work just now; NUMBER is that event's. NEXT is when it is tried again, counted by the service's "
     "own\n"
     "clock from its last transaction on.",
     parked_ls_options, false, NULL, wr_run_parked_ls, .rows = true},
    {"parked", "show", NULL, "DATABASE NUMBER", 2, 2, "one event that waits, whole, as a line of JSON",
     "`record` is in the form that weir produce -f json reads.", NULL, false, NULL, wr_run_parked_show},
    {"parked", "retry", NULL, "DATABASE [NUMBER]", 1, 2, "have a key tried at once",
     "NUMBER is of a key's first event: weir parked ls.\n"
     "    weir parked retry billing.db 17\n"
     "    weir parked retry billing.db --all",
     parked_retry_options, false, NULL, wr_run_parked_retry},
    {"parked", "reject", NULL, "DATABASE NUMBER", 2, 2,
     "make a key's first event a dead letter, so that its key goes on", NULL, NULL, false, NULL, wr_run_parked_reject,
     .changes = true},

    {"timers", "ls", "list", "DATABASE", 1, 1, "what a service is to do later, and its schedules",
     "DATABASE is DATA-DIR/NAME.db of a service that runs or has stopped. `timer`: a handler will be called; `event`: "
     "it\n"
     "will be published to TOPIC; `schedule`: by a cron line. DUE is by this machine's clock. ATTEMPTS and REASON are "
     "of one\n"
     "that is tried again.",
     timers_ls_options, false, NULL, wr_run_timers_ls, .rows = true},
    {"timers", "show", NULL, "DATABASE ID", 2, 2, "one timer whole, as a line of JSON",
     "`record` is the event, in the form that weir produce -f json reads.\n"
     "    weir timers show checkout.db o-17\n"
     "    weir timers show checkout.db count --schedule",
     timers_show_options, false, NULL, wr_run_timers_show},
    {"timers", "cancel", "rm", "DATABASE ID", 2, 2, "take a timer or a delayed event back",
     "Exit status 3 when there is none, or its turn has come. A schedule belongs to the service's program.", NULL,
     false, NULL, wr_run_timers_cancel, .changes = true},

    {"version", NULL, NULL, "", 0, 0, "which weir this is", NULL, NULL, false, NULL, wr_run_version},
    {"gen", "man", NULL, "DIR", 1, 1, "write the man pages", NULL, NULL, false, NULL, wr_run_gen_man},
    {"gen", "completion", NULL, "SHELL", 1, 1, "print shell completion: bash, zsh or fish",
     "    source <(weir gen completion bash)\n"
     "    source <(weir gen completion zsh)           after compinit\n"
     "    weir gen completion fish | source",
     NULL, false, NULL, wr_run_gen_completion, .completes = "bash|zsh|fish"},
    {0},
};
