# SPDX-License-Identifier: MIT
"""A worker for the page's test: MonthEnd starts two Close, of which one starts a Ledger and the other awaits the event Go. Import runs
three Load, of which one fails at first and is tried again, and ten Count."""
import threading

from protocol_test import Worker, activity, child, complete, pb, text

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


COUNTS = range(4, 14)


def actions_of_import(request):
    new = [event.WhichOneof("eventType") for event in request.newEvents]
    if not request.pastEvents:
        loads = [activity(number, "Load", input=text(f'"{region}"')) for number, region in ((1, "eu"), (2, "us"), (3, "us"))]
        return loads + [activity(number, "Count", input=text(str(number))) for number in COUNTS]
    if "taskFailed" in new:
        return [activity(COUNTS.stop, "Load", input=text('"eu"'))]
    events = [*request.pastEvents, *request.newEvents]
    done = sum(event.WhichOneof("eventType") == "taskCompleted" for event in events)
    return [complete(COUNTS.stop + 1, result=text('"imported"'))] if done == 3 + len(COUNTS) else []


class MonthEnd:
    """Works until its server is gone, or until close()."""

    def __init__(self, port, hub):
        self.worker = Worker(port, hub)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not isinstance(item := self.worker.items.get(), Exception):
            request = item.orchestratorRequest
            if item.WhichOneof("request") == "activityRequest":
                self.do(item)
            elif item.WhichOneof("request") == "orchestratorRequest":
                is_import = any(event.executionStarted.name == "Import" for event in [*request.pastEvents, *request.newEvents])
                self.worker.answer(item, *(actions_of_import if is_import else actions_of)(request))

    def do(self, item):
        if item.activityRequest.taskId == 1:  # not its second try
            self.worker.result(item, failureDetails=pb.TaskFailureDetails(errorType="Cold", errorMessage="not yet"))
        else:
            self.worker.result(item, result=text("1"))

    def close(self):
        self.worker.close()
        self.thread.join(30)
