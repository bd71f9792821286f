"""kafkajs 2.2.4: admin, groups, idempotence. Its produce and consume are in across_test.py."""
from clients import kafkajs
from harness import equal, fresh, main, test


@test
def a_topic_is_created_described_and_deleted():
    seen = kafkajs({"op": "admin", "topic": fresh("js-admin"), "partitions": 3})
    equal((seen["created"], seen["again"], seen["partitions"]), (True, False, 3))
    equal((seen["retention"], seen["listed"], seen["left"]), ("3600000", True, False))
    equal(sorted(each["offset"] for each in seen["offsets"]), ["0", "0", "0"])


@test
def a_group_resumes_where_it_committed():
    topic, group = fresh("js-resume"), fresh("g")
    records = [{"key": str(i), "value": f"value {i}"} for i in range(30)]
    kafkajs({"op": "produce", "topic": topic, "records": records[:20]})
    first = kafkajs({"op": "consume", "topic": topic, "count": 20, "group": group})
    equal([each["value"] for each in first["records"]], [each["value"] for each in records[:20]])
    kafkajs({"op": "produce", "topic": topic, "records": records[20:]})
    second = kafkajs({"op": "consume", "topic": topic, "count": 10, "group": group})
    equal([each["value"] for each in second["records"]], [each["value"] for each in records[20:]])


@test
def its_idempotent_producer_is_served():
    topic = fresh("js-idempotent")
    kafkajs({"op": "produce", "topic": topic, "records": [{"key": "a", "value": "b"}], "idempotent": True})
    seen = kafkajs({"op": "consume", "topic": topic, "count": 1, "group": fresh("g")})
    equal(seen["records"][0]["value"], "b")


main()
