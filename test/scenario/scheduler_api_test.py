#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scheduler's HTTP API through the front door: what the vendor's terminal program, its editor extension, `az` and a
dashboard ask, and what they get. If this fails, one of them shows something else than there is.
Usage: scheduler_api_test.py SALLYPORT"""
import http.client
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.parse

from server import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from protocol_test import Wire  # noqa: E402
from scheduler_process import eventually  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb  # noqa: E402

API = "/v1/taskhubs"
ONE = API + "/orchestrations/"


class SchedulerApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(sys.argv[1], command="scheduler", arguments=["--task-hubs", "default,other", "--manage-task-hubs"]).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def ask(self, method, path, body=None, hub="default"):
        status, headers, answer = self.server.ask(method, API + path, body, {"x-taskhub": hub} if hub else None)
        return status, headers, answer

    def good(self, method, path, body=None, hub="default"):
        status, _, answer = self.ask(method, path, body, hub)
        self.assertIn(status, (200, 201, 204), answer)
        return answer

    def problem(self, name, status, answer):
        self.assertEqual((answer[0], answer[2]["type"], answer[2]["status"]),
                         (status, "urn:sallyport:problem:" + name, status), answer)

    def start(self, instance_id, hub="default", **more):
        self.assertEqual(self.good("POST", "/orchestrations", {"name": "Hello", "instanceId": instance_id, **more}, hub),
                         {"instanceId": instance_id})

    def query(self, body, hub="default"):
        return self.good("POST", "/orchestrations/query", body, hub)

    def ids(self, body, hub="default"):
        return [row["instanceId"] for row in self.query(body, hub)["orchestrations"]]

    def test_dt171_documented_shapes(self):
        """Statement DT-171: ping, query, history and workers answer with the documented shapes."""
        self.assertEqual(self.ask("GET", "/ping")[0], 200)
        self.start("shapes", input='"in"', tags={"color": "red"}, version="1.0")
        self.assertIn("no worker is connected", self.good("GET", "/orchestrations/shapes")["standing"])
        self.good("POST", "/orchestrations/forceterminate", {"InstanceIds": ["shapes"], "Reason": "done"})
        answer = self.query({})
        self.assertIsInstance(answer["orchestrations"], list)
        self.assertIsInstance(answer["totalCount"], int)
        self.assertLessEqual({"earliestTimestamp", "latestTimestamp", "totalCount", "completedCount", "runningCount",
                              "failedCount", "pendingCount"}, set(answer["trivia"]))
        row = self.good("GET", "/orchestrations/shapes")
        self.assertNotIn("standing", row)  # it has ended
        self.assertEqual(set(row), {"instanceId", "executionId", "name", "version", "createdTimestamp",
                                    "lastUpdatedTimestamp", "completedTimestamp", "orchestrationStatus", "tags"})
        self.assertEqual((row["orchestrationStatus"], row["tags"]), ("ORCHESTRATION_STATUS_TERMINATED", {"color": "red"}))
        path = f"/orchestrations/shapes/executions/{row['executionId']}/history"
        events = self.good("GET", path)
        self.assertEqual([next(k for k in e if k not in ("eventId", "timestamp")) for e in events],
                         ["orchestratorStarted", "executionStarted", "executionTerminated", "executionCompleted"])
        self.assertEqual(self.good("GET", path + "?shape=object"), {"history": events})
        status, _, answer = self.server.ask("GET", API + path, headers={"x-taskhub": "default", "Sec-Fetch-Mode": "cors"})
        self.assertEqual((status, answer), (200, {"history": events}))
        self.assertEqual(self.good("GET", "/orchestrations/shapes/executions/other/history"), [])

    def test_the_hub_is_named_by_header_or_query_in_any_case(self):
        self.start("hub-1", hub="other")
        self.assertEqual(self.ask("GET", "/orchestrations/hub-1", hub="OTHER")[0], 200)
        self.assertEqual(self.ask("GET", "/orchestrations/hub-1?taskhub=other", hub=None)[0], 200)
        self.problem("unknown-instance", 404, self.ask("GET", "/orchestrations/hub-1"))
        self.problem("unknown-instance", 404, self.ask("GET", "/orchestrations/hub-1", hub=None))  # "default"
        self.problem("unknown-task-hub", 404, self.ask("GET", "/ping", hub="none"))

    def test_a_start_takes_what_the_rpc_takes(self):
        status, headers, answer = self.ask("POST", "/orchestrations", {
            "name": "Hello", "instanceId": "a b/~", "input": {"deep": [1, 2.5, None]}, "version": "",
            "scheduledStartTimestamp": "2200-01-01T00:00:00+01:00", "executionId": "e" * 32})
        self.assertEqual((status, headers["Location"]), (201, "orchestrations/a%20b%2F~"))
        quoted = urllib.parse.quote("a b/~", safe="")
        row = self.good("GET", "/orchestrations/" + quoted)
        self.assertEqual((row["scheduledStartTimestamp"], row["version"], row["executionId"]),
                         ("2199-12-31T23:00:00Z", "", "e" * 32))
        self.assertEqual(self.good("GET", f"/orchestrations/{quoted}/payloads"),
                         {"orchestrationStatus": "ORCHESTRATION_STATUS_PENDING", "input": '{"deep":[1,2.5,null]}'})
        self.assertRegex(self.good("POST", "/orchestrations", {"name": "Hello"})["instanceId"], "^[0-9a-f]{32}$")
        self.problem("instance-exists", 409, self.ask("POST", "/orchestrations", {"name": "X", "instanceId": "a b/~"}))
        for body in ({"name": ""}, {}, [], {"name": 1}, {"name": "X", "instanceId": "@e@k"}, {"name": "X", "tags": {"a": 1}},
                     {"name": "X", "scheduledStartTimestamp": "soon"}, {"name": "X", "instanceId": "x" * 101}):
            self.problem("bad-request", 400, self.ask("POST", "/orchestrations", body))

    def test_events_do_what_their_rpc_does(self):
        self.start("steered")
        event = "/orchestrations/steered/history"
        self.assertEqual(self.ask("POST", event, {"eventRaised": {"name": "go", "input": "1"}})[0], 204)
        self.assertEqual(self.ask("POST", event, {"executionSuspended": {"reason": "wait"}})[0], 204)
        self.assertEqual(self.ask("POST", event, {"executionResumed": {"reason": "on"}})[0], 204)
        self.problem("bad-request", 400, self.ask("POST", event, {"eventRaised": {"input": "1"}}))
        self.problem("bad-request", 400, self.ask("POST", event, {"executionStarted": {}}))
        self.problem("bad-request", 400, self.ask("POST", event, {"executionResumed": {}, "executionSuspended": {}}))
        self.problem("unknown-instance", 404,
                     self.ask("POST", "/orchestrations/nobody/history", {"executionSuspended": {"reason": "x"}}))
        self.problem("wrong-state", 409, self.ask("DELETE", "/orchestrations/steered"))
        self.assertEqual(self.ask("POST", event, {"executionTerminated": {"reason": "enough"}})[0], 204)
        self.until("steered", "TERMINATED")
        self.assertEqual(self.good("GET", "/orchestrations/steered/payloads")["output"], '"enough"')
        other = self.good("POST", "/orchestrations/steered/restart", {"restartWithNewInstanceId": True})
        self.assertRegex(other, "^[0-9a-f]{32}$")
        self.assertEqual(self.good("POST", "/orchestrations/steered/restart", {}), "steered")
        self.problem("wrong-state", 409, self.ask("POST", "/orchestrations/steered/restart", {}))
        self.problem("unknown-instance", 404, self.ask("POST", "/orchestrations/nobody/restart", {}))

    def until(self, instance_id, status, tries=600):
        for _ in range(tries):
            row = self.good("GET", "/orchestrations/" + instance_id)
            if row["orchestrationStatus"].endswith(status):
                return
            time.sleep(0.05)
        self.fail(f"{instance_id} is {row}")

    def test_batches_name_what_could_not_be(self):
        for name in ("b1", "b2", "b3"):
            self.start(name)
        suspended = {name: {"executionSuspended": {"reason": "x"}} for name in ("b1", "no-1", "b2", "no-2")}
        self.assertEqual(self.good("POST", "/orchestrations/addhistoryevents", {"events": suspended}), ["no-1", "no-2"])
        self.assertEqual(self.good("POST", "/orchestrations/addhistoryevents", {"events": {}}), [])
        self.assertEqual(self.good("POST", "/orchestrations/forceterminate", {"instanceIds": ["b1", "no-1", "b3"]}), ["no-1"])
        self.assertEqual(self.good("DELETE", "/orchestrations/purge", ["b1", "b2", "b3", "no-1"]), {"deletedInstanceCount": 2})
        self.assertEqual(self.ids({"filter": {"orchestrationId": {"value": "B"}, "name": {"value": "hello"}}}).count("b2"), 1)
        self.problem("bad-request", 400, self.ask("POST", "/orchestrations/forceterminate", {"instanceIds": "b1"}))
        self.problem("bad-request", 400, self.ask("POST", "/orchestrations/forceterminate", {"instanceIds": ["x"] * 501}))
        self.problem("bad-request", 400, self.ask("DELETE", "/orchestrations/purge", {"ids": []}))

    def test_a_search_filters_sorts_and_pages(self):
        for n in range(30):
            self.start(f"q{n:02}", hub="other", tags={"kind": "even" if n % 2 == 0 else "odd"}, version=f"v{n % 3}")
        self.good("POST", "/orchestrations/forceterminate", {"instanceIds": [f"q{n:02}" for n in range(10)]}, "other")
        mine = {"orchestrationId": {"value": "Q"}}
        self.assertEqual(self.ids({"filter": mine, "pagination": {"startIndex": 0, "count": 3}}, "other"), ["q29", "q28", "q27"])
        by_id = [{"column": "ORCHESTRATION_ID", "direction": "ASCENDING_SORT"}]
        seen = []
        for first in range(0, 35, 7):
            page = self.query({"filter": mine, "sort": by_id, "pagination": {"startIndex": first, "count": 7}}, "other")
            self.assertEqual(page["totalCount"], 30)
            seen += [row["instanceId"] for row in page["orchestrations"]]
        self.assertEqual(seen, [f"q{n:02}" for n in range(30)])

        def count(**more):
            return self.query({"filter": {**mine, **more}}, "other")["totalCount"]
        self.assertEqual(count(tags={"value": "EVEN"}), 15)
        self.assertEqual(count(version={"value": "v1"}), 10)
        self.assertEqual(count(orchestrationStatus={"status": ["ORCHESTRATION_STATUS_TERMINATED"]}), 10)
        self.assertEqual(count(orchestrationStatus={"status": ["Pending", "Terminated"]}), 30)
        self.assertEqual(count(completedAt={"start": "2000-01-01T00:00:00Z"}), 10)
        created = self.good("GET", "/orchestrations/q10", hub="other")["createdTimestamp"]
        self.assertEqual(count(createdAt={"start": created}), 20)
        self.assertEqual(count(createdAt={"end": created}), 10)
        self.assertEqual(count(createdAt={"start": created, "end": created}), 0)
        sort = [{"column": "ORCHESTRATION_STATUS", "direction": "DESCENDING_SORT"}, *by_id]
        self.assertEqual(self.ids({"filter": mine, "sort": sort, "pagination": {"count": 1}}, "other"), ["q00"])
        some = self.query({"filter": mine, "sort": by_id, "fields": "instanceId,name", "pagination": {"count": 1}}, "other")
        self.assertEqual(some["orchestrations"], [{"instanceId": "q00", "name": "Hello"}])
        self.assertEqual(some["trivia"]["pendingCount"], 20)
        self.assertEqual(self.query({"filter": mine, "pagination": {"count": 0}}, "other")["orchestrations"], [])
        for body in ({"pagination": {"count": -1}}, {"pagination": {"startIndex": 10_000, "count": 1}}, {"sort": [{"column": "X"}]},
                     {"filter": {"createdAt": {"start": "x"}}}, []):
            self.problem("bad-request", 400, self.ask("POST", "/orchestrations/query", body))

    def test_what_the_scheduler_cannot_is_said_by_name(self):
        """The route is there before the engine can do it, and never pretends."""
        answer = self.ask("POST", "/orchestrations/nobody/history", {"executionRewound": {"reason": "x"}})
        self.assertIn(answer[0], (404, 501))
        if answer[0] == 501:
            self.problem("unsupported-operation", 501, answer)

    def test_an_instance_says_why_it_does_not_move(self):
        self.start("stuck")
        self.assertIn("worker", self.good("GET", "/orchestrations/stuck")["standing"])
        self.good("POST", "/orchestrations/forceterminate", {"instanceIds": ["stuck"]})
        self.assertNotIn("standing", self.good("GET", "/orchestrations/stuck"))

    def test_task_hubs_are_made_listed_and_deleted(self):
        def hubs():
            return {hub["name"] for hub in self.server.ask("GET", "/v1/hubs")[2]["hubs"]}
        self.assertLessEqual({"default", "other"}, hubs())
        for _ in range(2):  # again: it is there
            self.assertEqual(self.server.ask("PUT", "/v1/hubs/extra", {})[0], 204)
        self.assertIn("extra", hubs())
        self.start("inside", hub="extra")
        counted = next(hub for hub in self.server.ask("GET", "/v1/hubs")[2]["hubs"] if hub["name"] == "extra")
        self.assertEqual((counted["startedCount"], counted["waitingCount"], counted["activeCount"]), (1, 1, 0))
        self.assertEqual(self.server.ask("PUT", "/v1/hubs/extra", {"recreateIfExists": True})[0], 204)
        self.problem("unknown-instance", 404, self.ask("GET", "/orchestrations/inside", hub="extra"))
        self.assertEqual(self.server.ask("DELETE", "/v1/hubs/extra")[0], 204)
        self.assertNotIn("extra", hubs())
        self.problem("unknown-task-hub", 404, self.server.ask("DELETE", "/v1/hubs/extra"))
        self.problem("unknown-task-hub", 404, self.ask("GET", "/ping", hub="extra"))

    def test_nobody_works_for_a_hub_without_workers(self):
        self.assertEqual(self.good("GET", "/workers"), {"workers": []})

    def test_an_entity_from_signal_to_deletion(self):
        """Without a worker its operations wait: it has no state, but a backlog."""
        for key in ("b", "A"):
            self.assertEqual(self.ask("POST", f"/entities/@Counter@{key}/signal", {"operation": "add", "input": 1})[0], 204)
        waiting = self.good("GET", "/entities/@Counter@b")  # no state, but a backlog
        self.assertEqual((waiting["instanceId"], waiting["backlogQueueSize"]), ("@counter@b", 1))
        self.assertGreater(waiting["lastModifiedTime"], "2026")
        self.problem("unknown-entity", 404, self.ask("GET", "/entities/@counter@b/state"))
        self.problem("unknown-entity", 404, self.ask("GET", "/entities/@counter@"))

        def query(**body):
            answer = self.good("POST", "/entities/query", body)
            return answer["totalCount"], [entity["instanceId"] for entity in answer["entities"]]
        self.assertEqual(query(filter={"name": {"value": "COUNT"}}), (2, ["@counter@A", "@counter@b"]))
        self.assertEqual(query(filter={"nameStartsWith": {"value": "Counter"}}, pagination={"startIndex": 1, "count": 5}),
                         (2, ["@counter@b"]))
        self.assertEqual(query(filter={"key": {"value": "a"}}), (1, ["@counter@A"]))
        self.assertEqual(query(filter={"excludeNameStartsWith": [{"value": "count"}]})[0], 0)
        down = [{"column": "KEY", "direction": "DESCENDING_SORT"}]
        self.assertEqual(query(filter={"name": {"value": "counter"}}, sort=down), (2, ["@counter@b", "@counter@A"]))
        entity = self.good("POST", "/entities/query", {"filter": {"key": {"value": "b"}}})["entities"][0]
        self.assertEqual(entity["backlogQueueSize"], 1)
        for body, path in (({"sort": [{"column": "X"}]}, "/entities/query"), ({}, "/entities/@c@k/signal")):
            self.problem("bad-request", 400, self.ask("POST", path, body))
        self.problem("bad-request", 400, self.ask("DELETE", "/entities/c"))
        self.problem("bad-request", 400, self.ask("DELETE", "/entities/delete", ["c"]))
        self.assertEqual(self.ask("DELETE", "/entities/@counter@b")[0], 204)
        self.assertEqual(self.ask("DELETE", "/entities/delete", ["@counter@A", "@counter@none"])[0], 204)
        self.assertEqual(query(filter={"name": {"value": "counter"}})[0], 0)
        self.assertEqual(self.ask("DELETE", "/entities/@counter@b")[0], 204)  # again

    def test_schedules_are_entities(self):
        self.assertEqual(self.good("GET", "/schedules"), {"entities": []})
        schedule = {"ScheduleId": "nightly", "OrchestrationName": "Hello", "Interval": "01:00:00"}
        self.assertEqual(self.ask("POST", "/schedules", schedule)[0], 204)
        self.assertEqual(self.ask("POST", "/schedules/nightly/pause")[0], 204)
        self.assertEqual(self.ask("POST", "/schedules/nightly/resume")[0], 204)
        self.assertEqual(self.ask("DELETE", "/schedules/nightly")[0], 204)
        waiting = self.good("POST", "/entities/query", {"filter": {"name": {"value": "schedule"}}})["entities"]
        self.assertEqual([(e["instanceId"], e["backlogQueueSize"]) for e in waiting], [("@schedule@nightly", 4)])
        self.problem("bad-request", 400, self.ask("POST", "/schedules", {"ScheduleId": "x"}))
        for wrong in ({"Interval": "garbage"}, {"Interval": "00:00:00"}, {"Interval": "-01:00:00"}, {"Interval": "PT1H"},
                      {"Interval": 5}, {"StartAt": "tomorrow"}, {"StartImmediatelyIfLate": "maybe"},
                      {"StartAt": "2026-01-02T00:00:00Z", "EndAt": "2026-01-01T00:00:00Z"}, {"OrchestrationInstanceId": 1}):
            self.problem("bad-request", 400, self.ask("POST", "/schedules", {**schedule, **wrong}))

    def test_retention_of_a_hub_is_set_shown_and_stays(self):
        path = "/retentionPolicies/default"
        self.assertEqual(self.good("GET", path), {"retentionPolicies": [], "source": "setting"})
        policy = [{"retentionPeriodInDays": 30, "orchestrationState": "Completed"},
                  {"retentionPeriodInDays": 90, "orchestrationState": "Failed"}]
        self.assertEqual(self.ask("PUT", path, {"retentionPolicies": policy}, "other")[0], 204)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.good("GET", path, None, "other"), {"retentionPolicies": policy, "source": "hub"})
        self.assertEqual(self.good("GET", path)["source"], "setting")
        for wrong in ({}, {"retentionPolicies": [{"retentionPeriodInDays": "x"}]},
                      {"retentionPolicies": [{"retentionPeriodInDays": 1, "orchestrationState": "Running"}]}):
            self.problem("bad-request", 400, self.ask("PUT", path, wrong))
        self.assertEqual(self.ask("DELETE", path, None, "other")[0], 204)
        self.assertEqual(self.good("GET", path, None, "other"), {"retentionPolicies": [], "source": "setting"})

    def test_what_is_neither_true_nor_false_is_refused(self):
        """If this fails, a slip of the pen purges less, or more, than was meant."""
        self.start("flags")
        for path in ("/orchestrations/flags?recursive=maybe", "/orchestrations/flags?recursive=1"):
            self.problem("bad-request", 400, self.ask("DELETE", path))
        self.problem("bad-request", 400, self.ask("GET", "/orchestrations/flags/executions/x/history?shape=round"))
        self.problem("bad-request", 400, self.ask("POST", "/orchestrations/flags/restart", {"restartWithNewInstanceId": "yes"}))
        self.problem("bad-request", 400, self.ask("POST", "/orchestrations/query", {"pagination": {"count": 1.5}}))
        self.problem("bad-request", 400, self.ask("POST", "/entities/query", {"pagination": {"count": "ten"}}))
        self.problem("bad-request", 400, self.ask("POST", "/entities/query", {"fetchTotalCount": "maybe"}))
        self.problem("bad-request", 400, self.ask("GET", "/schedules?continuationToken=garbage"))

    def test_a_search_walks_more_instances_than_a_page_of_the_store(self):
        hub = {"x-taskhub": "other"}
        for n in range(600):
            status, _, _ = self.server.ask("POST", ONE.rstrip("/"), {"name": "Many", "instanceId": f"m{n}"}, hub)
            self.assertEqual(status, 201)
        answer = self.query({"filter": {"name": {"value": "many"}}, "pagination": {"count": 600}}, "other")
        self.assertEqual((answer["totalCount"], len({row["instanceId"] for row in answer["orchestrations"]})), (600, 600))


class Emulator(unittest.TestCase):
    """If this fails, what was written for the vendor's emulator finds no hub, or neither HTTP API nor dashboard where they
    were."""

    def test_ports_and_variables_are_the_emulators(self):
        environment = {**os.environ, "DTS_TASK_HUB_NAMES": "one,two", "DTS_USE_DYNAMIC_TASK_HUBS": "true"}
        server = Server(sys.argv[1], command="scheduler", arguments=["--emulator", "--emulator-http-port", "0", "--emulator-dashboard-port", "0"],
                        environment=environment).start()
        self.addCleanup(server.close)
        second = urllib.parse.urlsplit(server.ready["emulatorUrl"])
        third = urllib.parse.urlsplit(server.ready["emulatorDashboardUrl"])
        self.assertEqual(len({server.port, second.port, third.port}), 3)
        self.same_page_everywhere(second.hostname, (server.port, second.port, third.port))
        for port in (server.port, second.port, third.port):
            for hub in ("one", "TWO", "made-at-its-first-use"):
                connection = http.client.HTTPConnection(second.hostname, port, timeout=30)
                connection.request("POST", API + "/orchestrations/query", "{}",
                                   {"x-taskhub": hub, "Content-Type": "application/json"})
                answer = connection.getresponse()
                self.assertEqual((answer.status, json.loads(answer.read())["orchestrations"]), (200, []))
                connection.close()
        connection = http.client.HTTPConnection(second.hostname, server.port, timeout=30)
        connection.request("HEAD", API + "/changes?taskhub=nobody-used-it-yet")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.worker_is_shown(server)

    def same_page_everywhere(self, host, ports):
        """The dashboard is what a browser gets at `/`."""
        pages = []
        for port in ports:
            connection = http.client.HTTPConnection(host, port, timeout=30)
            connection.request("GET", "/", headers={"Accept": "text/html"})
            answer = connection.getresponse()
            pages.append((answer.status, answer.getheader("Content-Type"), answer.read()))
            connection.close()
        self.assertEqual(pages[0][0], 200)
        self.assertIn("text/html", pages[0][1])
        self.assertEqual(pages[1:], pages[:1] * 2)

    def worker_is_shown(self, server):
        """By its filters; and a hub's name writes no line of its own into the log."""
        hub = 'a"instance="forged'
        wire = Wire(server.port, hub)
        self.addCleanup(wire.close)
        filters = pb.WorkItemFilters(
            orchestrations=[pb.OrchestrationFilter(name="Order", versions=["1", "2"])],
            entities=[pb.EntityFilter(name="Counter")])
        stream = wire.stub.GetWorkItems(pb.GetWorkItemsRequest(workItemFilters=filters), metadata=wire.metadata)
        self.addCleanup(stream.cancel)
        stream.initial_metadata()
        path = API + "/workers?taskhub=" + urllib.parse.quote(hub)
        eventually(lambda: server.ask("GET", path)[2]["workers"], "the worker is listed")
        worker = server.ask("GET", path)[2]["workers"][0]
        self.assertEqual((worker["filtered"], worker["workItemFilters"]),
                         (True, {"orchestrations": [{"name": "Order", "versions": ["1", "2"]}], "activities": [],
                                 "entities": [{"name": "counter", "versions": []}]}))
        eventually(lambda: "connected: worker" in server.tail(), "the log tells of the worker")
        self.assertIn('hub="a?instance=?forged"', server.tail())
        self.assertNotIn('instance="forged', server.tail())

    def test_the_ports_are_8081_and_8082(self):
        told = subprocess.run([sys.argv[1], "config", "show", "--json"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(told, r'"emulator-http-port"[^}]*8081')
        self.assertRegex(told, r'"emulator-dashboard-port"[^}]*8082')


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
