"""The marketplace's services as processes of a test, on one PostgreSQL server, and the books that must balance."""
import json

from harness import bootstrap, eventually, fresh
from services import Service, http

NAMES = ["gateway", "order", "inventory", "payment", "shipping", "notification", "fraud", "analytics"]

# What counts 0 when all is at rest. Each service's tables lie in the schema of its name.
BOOKS = {
    "every accepted order is there once, and no other":
        "SELECT (SELECT count(*) FROM gateway.requests WHERE id NOT IN (SELECT order_id FROM \"order\".orders))"
        " + (SELECT count(*) FROM \"order\".orders WHERE order_id NOT IN (SELECT id FROM gateway.requests))",
    "every order has ended": "SELECT count(*) FROM \"order\".orders WHERE status = 'placed'",
    "pieces are free or reserved":
        "SELECT count(*) FROM (SELECT sku, received - free AS pieces FROM inventory.stock UNION ALL SELECT sku, -quantity FROM"
        " inventory.reservations) AS moves JOIN (SELECT 1) AS one ON true GROUP BY sku HAVING sum(pieces) <> 0",
    "what is taken is what completed orders cost":
        "SELECT (SELECT coalesce(sum(taken_pence - refunded_pence), 0) FROM payment.payments) - (SELECT"
        " coalesce(sum(total_pence - returned_pence), 0) FROM \"order\".orders WHERE status = 'completed')",
    "what the gateway shows is what the order service knows":
        "SELECT count(*) FROM \"order\".orders AS o FULL JOIN gateway.orders AS g USING (order_id) WHERE o.status IS DISTINCT FROM"
        " g.status",
    "one shipment for each completed order":
        "SELECT count(*) FROM \"order\".orders AS o WHERE o.status = 'completed' AND (SELECT count(*) FROM shipping.shipments AS s"
        " WHERE s.order_id = o.order_id AND s.status = 'booked') <> 1",
    "one letter for each end":
        "SELECT count(*) FROM \"order\".orders AS o WHERE o.status <> 'placed' AND (SELECT count(*) FROM notification.letters AS l"
        " WHERE l.order_id = o.order_id AND l.kind <> 'placed') <> 1",
    "the revenue is that of what was completed":
        "SELECT (SELECT coalesce(sum(value), 0) FROM analytics.totals WHERE name = 'revenue_pence') - (SELECT"
        " coalesce(sum(total_pence - returned_pence), 0) FROM \"order\".orders WHERE status = 'completed')",
}


class Shop:
    def __init__(self, server):
        self.server = server
        prefix = fresh("shop") + "."
        self.services = {name: Service(f"marketplace/{name}", bootstrap(), "--database", server.url, "--topic-prefix", prefix,
                                       "--kafka-session-timeout-ms", "6000") for name in NAMES}

    def start(self):
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.ready()
        return self

    def order(self, number):
        """Until the gateway has taken it; the same again is harmless."""
        body = json.dumps({"order_id": f"o{number}", "customer": f"c{number % 7}", "country": "France",
                           "lines": [{"sku": f"sku{number % 5}", "description": "x", "quantity": 1 + number % 3, "price_pence": 250}]})
        eventually(lambda: http("POST", self.services["gateway"].url("/orders"), body.encode())[0] == 202, 60)

    def wrong(self, count):
        """The sentences that do not hold."""
        found = [] if self.server.rows("SELECT count(*) FROM \"order\".orders") == [(str(count),)] else ["orders are missing"]
        for sentence, sql in BOOKS.items():
            rows = self.server.rows(sql)
            if any(int(row[0]) for row in rows):
                found.append(f"{sentence}: {rows[:3]}")
        for name in NAMES:
            if self.server.rows("SELECT (SELECT count(*) FROM weir_outbox) + (SELECT count(*) FROM weir_parked)", name) != [("0",)]:
                found.append(f"{name} has not published or handled all")
        return found

    def close(self):
        for service in self.services.values():
            service.close()
