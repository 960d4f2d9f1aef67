# SPDX-License-Identifier: MIT
"""A worker for the page's test: MonthEnd starts two Close, of which one starts a Ledger and the other awaits the event Go."""
import threading

from protocol_test import Worker, child, complete, text

BEGINS = {"MonthEnd": lambda _: [child(1, "close-eu", "Close"), child(2, "close-us", "Close")],
          "Close": lambda instance: [child(1, "ledger-eu", "Ledger")] if instance == "close-eu" else [],
          "Ledger": lambda _: [complete(1, result=text('"booked"'))]}
# Events that an instance needs before it ends
NEEDS = {"MonthEnd": ("subOrchestrationInstanceCompleted", 2), "Ledger": ("executionStarted", 1),
         "close-eu": ("subOrchestrationInstanceCompleted", 1), "close-us": ("eventRaised", 1)}


def actions_of(request):
    events = [*request.pastEvents, *request.newEvents]
    started = next(event.executionStarted for event in events if event.WhichOneof("eventType") == "executionStarted")
    if not request.pastEvents:
        return BEGINS[started.name](request.instanceId)
    kind, count = NEEDS.get(request.instanceId) or NEEDS[started.name]
    have = sum(event.WhichOneof("eventType") == kind for event in events)
    return [complete(9, result=text('"closed"'))] if have >= count else []


class MonthEnd:
    """Works until its server is gone, or until close()."""

    def __init__(self, port, hub):
        self.worker = Worker(port, hub)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not isinstance(item := self.worker.items.get(), Exception):
            if item.WhichOneof("request") == "orchestratorRequest":
                self.worker.answer(item, *actions_of(item.orchestratorRequest))

    def close(self):
        self.worker.close()
        self.thread.join(30)
