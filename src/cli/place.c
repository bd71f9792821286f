/* Places and times are tried in this order: a word, "@" and anything, a whole number, a time. Whatever is neither is refused,
 * so that a mistyped time never becomes an offset. place.h has the grammar. */
#include <cli/place.h>

#include <base/text.h>
#include <stdio.h>

weir_err wr_place_parse(const char *text, int64_t now_ms, wr_place *ret_place)
{
    static const struct {
        const char *word;
        int kind;
    } words[] = {{"start", WR_PLACE_START},
                 {"earliest", WR_PLACE_START},
                 {"beginning", WR_PLACE_START},
                 {"end", WR_PLACE_END},
                 {"latest", WR_PLACE_END}};
    wr_place place = {0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i].word) == 0) {
            ret_place->kind = words[i].kind;
            ret_place->number = 0;
            return WEIR_OK;
        }
    if (text[0] == '@') {
        place.kind = WR_PLACE_TIME;
        if (wr_number_parse(text + 1, INT64_MIN, INT64_MAX, &place.number) != WEIR_OK &&
            wr_when_parse(text + 1, now_ms, &place.number) != WEIR_OK)
            return WEIR_E_FORMAT;
    } else if (wr_number_parse(text, -INT64_MAX, INT64_MAX, &place.number) == WEIR_OK) {
        place.kind = text[0] == '-' ? WR_PLACE_BACK : WR_PLACE_OFFSET;
        place.number = place.number < 0 ? -place.number : place.number;
    } else if (wr_when_parse(text, now_ms, &place.number) == WEIR_OK) {
        place.kind = WR_PLACE_TIME;
    } else {
        return WEIR_E_FORMAT;
    }
    *ret_place = place;
    return WEIR_OK;
}

int wr_cli_place(const wr_cli *cli, const char *option, wr_place *ret_place)
{
    const char *text = wr_cli_text(cli, option);
    if (wr_place_parse(text, wr_now_ms(cli->io), ret_place) == WEIR_OK)
        return WR_EXIT_OK;
    return wr_cli_usage(cli,
                        "--%s takes start, end, an offset N, -N from the end, or a time such as -5m, '2h ago', "
                        "2026-01-31T12:00:00Z or @MILLISECONDS, not '%s'",
                        option, text);
}

weir_err wr_place_offset(const wr_kafka *kafka, const wr_place *place, const char *topic,
                         const wr_partition_info *partition, int64_t *ret_offset, weir_failure *failure)
{
    int64_t offset = 0;
    switch (place->kind) {
    case WR_PLACE_START:
        offset = partition->start_offset;
        break;
    case WR_PLACE_END:
        offset = partition->end_offset;
        break;
    case WR_PLACE_OFFSET:
        offset = place->number;
        break;
    case WR_PLACE_BACK:
        offset = partition->end_offset - place->number;
        break;
    case WR_PLACE_NEVER:
        *ret_offset = INT64_MAX;
        return WEIR_OK;
    case WR_PLACE_TIME: {
        weir_err err = wr_admin_offset_at(kafka->client, topic, partition->partition, place->number, kafka->timeout_ms,
                                          &offset, failure);
        if (err != WEIR_OK)
            return err;
        break;
    }
    }
    if (offset < partition->start_offset)
        offset = partition->start_offset;
    *ret_offset = offset < partition->end_offset ? offset : partition->end_offset;
    return WEIR_OK;
}
