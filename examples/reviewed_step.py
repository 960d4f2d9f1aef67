#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A step that a person has to agree to, in an orchestration of one's own, with the official SDK
(pip install durabletask.azuremanaged).

  reviewed_step.py HOST:PORT HUB CODE            a string gives True or False
  reviewed_step.py HOST:PORT HUB CODE PURPOSE    an object gives what became of it, with the result if it was approved

HUB is the one of the server's app (`default`). The step waits in the inbox: open the page, or type `sallyport ls --state waiting`
and `sallyport approve ID`."""
import sys

from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker


def guarded(context, step):
    outcome = yield context.call_sub_orchestrator("CodeExecutionOrchestrator", input=step)
    if isinstance(outcome, bool):
        return "approved" if outcome else "not approved"
    if not outcome["approved"]:
        return f"not approved: {outcome['state']}"
    return f"approved, and it printed {outcome['result']['stdout']!r}"


def main():
    host, hub, code, *purpose = sys.argv[1:]
    step = {"code": code, "purpose": purpose[0]} if purpose else code
    where = {"host_address": host, "taskhub": hub, "token_credential": None, "secure_channel": False}
    with DurableTaskSchedulerWorker(**where) as worker:
        worker.add_orchestrator(guarded)
        worker.use_work_item_filters()  # the step is for the server's worker
        worker.start()
        client = DurableTaskSchedulerClient(**where)
        instance_id = client.schedule_new_orchestration(guarded, input=step)
        print("instance", instance_id, flush=True)
        ended = client.wait_for_orchestration_completion(instance_id, timeout=86400)
        print(ended.runtime_status.name.lower(), ended.serialized_output, flush=True)


main()
