"""What one client writes, every other reads: keys, values, headers, nulls, in every compression."""
from clients import ALL
from harness import CODECS, check, equal, fresh, main, test

RECORDS = [
    {"key": "k1", "value": "plain", "headers": {"trace": "abc", "empty": ""}},
    {"key": None, "value": "no key", "headers": {}},
    {"key": "k2", "value": None, "headers": {"why": "tombstone"}},
    {"key": "schlüssel", "value": "größer als ein Byte ✓", "headers": {"ü": "ß"}},
    {"key": "long", "value": "weir " * 2000, "headers": {}},
]
# Empty is not null. kcat cannot write an empty value beside null ones, so it is left out for it.
EMPTY = {"key": "", "value": "", "headers": {}}


def written_by(client, codec):
    topic = fresh(f"across-{codec}")
    records = RECORDS if getattr(client, "one_call_a_record", False) else RECORDS + [EMPTY]
    client.produce(topic, records, codec)
    return topic, records


def readable_by_all(client, codec):
    topic, records = written_by(client, codec)
    for reader in ALL:
        seen = reader.consume(topic, len(records))
        check(seen == records, f"{reader.name} read {str(seen)[:700]}")


def add(client, codec):
    def case():
        readable_by_all(client, codec)
    case.__name__ = f"what_{client.name}_writes_with_{codec}_everybody_reads"
    test(case)


for each_client in ALL:
    for each_codec in CODECS:
        add(each_client, each_codec)


@test
def many_records_of_one_client_keep_their_order_for_another():
    topic = fresh("order")
    records = [{"key": str(i), "value": f"record {i}", "headers": {}} for i in range(5000)]
    ALL[1].produce(topic, records, "lz4")
    for reader in ALL:
        equal(reader.consume(topic, len(records)), records)


main()
