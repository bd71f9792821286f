"""A client that sends its command again with the same Idempotency-Key, over a kill of the service."""
import json
import urllib.error
import urllib.request

from harness import bootstrap, check, equal, eventually, fresh, main, test
from services import Service, weir


def post(service, path, key, body):
    """Status, headers and body of the answer."""
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    request = urllib.request.Request(service.url(path), data=json.dumps(body).encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, dict(refused.headers), refused.read().decode()


@test
def a_repeated_order_is_placed_once_also_when_the_gateway_was_killed_in_between():
    prefix = fresh("once") + "."
    service = Service("marketplace/gateway", bootstrap(), "--topic-prefix", prefix)
    order = {"customer": "c1", "lines": [{"sku": "a", "quantity": 1, "price_pence": 5}]}
    try:
        service.start().ready()
        status, headers, body = post(service, "/orders", '"k-1"', order)
        equal(status, 202)
        check("Idempotency-Replayed" not in headers, f"{headers}")
        for _ in range(2):
            again = post(service, "/orders", '"k-1"', order)
            equal((again[0], again[1]["Idempotency-Replayed"], again[1]["Location"], again[2]),
                  (202, "true", headers["Location"], body))
            service.process.kill()
            service.process.wait()
            service.start().ready()
        equal(post(service, "/orders", '"k-1"', order | {"customer": "c2"})[0], 422)
        equal(post(service, "/orders", '"open', order)[0], 400)
        status, _, other = post(service, "/orders", '"k-2"', order)
        check(status == 202 and other != body, f"{status} {other}")

        def placed():
            return weir("consume", f"{prefix}order-commands", "-o", "json", at=bootstrap()).splitlines()

        eventually(lambda: len(placed()) == 2)
        equal(service.end(), 0)
    finally:
        service.close()


main()
