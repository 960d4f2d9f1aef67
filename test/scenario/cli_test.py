#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The commands that ask a scheduler, as a person and as a script types them. If this fails, an operator cannot see or steer
what runs, or a script goes on after a failure.
Usage: cli_test.py SALLYPORT"""
import concurrent.futures
import json
import os
import subprocess
import sys
import unittest

from server import Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from entity_protocol_test import call, lock, success  # noqa: E402
from protocol_test import Worker, complete, text  # noqa: E402
from scheduler_process import eventually  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from protocol import pb  # noqa: E402

GOOD, FAILED, USAGE, NOT_FOUND = 0, 1, 2, 3


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(sys.argv[1], command="scheduler", arguments=["--manage-task-hubs", "--task-hubs", "default,other"]).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def run_command(self, *words, environment=None):
        clean = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "SALLYPORT_URL": self.server.ready["url"], **(environment or {})}
        clean.update({name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
        return subprocess.run([sys.argv[1], *words], capture_output=True, text=True, env=clean, timeout=120)

    def good(self, *words, **more):
        done = self.run_command(*words, **more)
        self.assertEqual((done.returncode, done.stderr), (GOOD, ""), words)
        return done.stdout

    def json(self, *words, **more):
        return json.loads(self.good(*words, "--json", **more))

    def bad(self, code, text, *words, **more):
        done = self.run_command(*words, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), (words, done.stderr))
        self.assertIn(text, done.stderr)
        self.assertTrue(done.stderr.startswith(f"sallyport {' '.join(words[:2])}: "), done.stderr)

    def start(self, instance_id, *more):
        self.assertEqual(self.good("instance", "start", "Hello", '"in"', "--id", instance_id, *more), instance_id + "\n")

    def test_an_instance_from_start_to_purge(self):
        self.start("life", "--tags", "color=red,size=2", "--version", "1.0")
        shown = self.json("instance", "show", "life")
        self.assertEqual((shown["name"], shown["version"], shown["input"], shown["tags"], shown["orchestrationStatus"]),
                         ("Hello", "1.0", '"in"', {"color": "red", "size": "2"}, "ORCHESTRATION_STATUS_PENDING"))
        text = self.good("instance", "show", "life")
        for line in ("id             life\n", "status         pending\n", "tags           color=red, size=2\n"):
            self.assertIn(line, text)
        self.assertEqual(self.good("instance", "raise", "life", "go", "1"), "")
        self.assertEqual(self.good("instance", "terminate", "life", "--now", "--output", '"bye"'), "")
        self.assertIn('output         "bye"', self.good("instance", "show", "life"))
        for words in (("raise", "life", "go"), ("suspend", "life"), ("resume", "life")):
            self.bad(FAILED, "life: it is over (terminated)", "instance", *words)
        kinds = [event["eventType"] for event in self.json("instance", "history", "life")]
        self.assertEqual(kinds, ["OrchestratorStarted", "ExecutionStarted", "ExecutionTerminated", "ExecutionCompleted"])
        self.assertNotIn("standing", self.json("instance", "show", "life"))
        self.bad(FAILED, "only one that is FAILED can be rewound", "instance", "rewind", "life")
        again = self.json("instance", "restart", "life", "--new-id")["instanceId"]
        self.assertEqual(self.json("instance", "show", again)["input"], '"in"')
        self.assertEqual(self.good("instance", "purge", "life"), "1 purged\n")
        self.bad(NOT_FOUND, "no such instance", "instance", "show", "life")
        self.bad(NOT_FOUND, "no such instance", "instance", "history", "life")

    def test_a_connection_without_an_endpoint_goes_nowhere(self):
        for text in ("garbage", "Endpont=http://localhost:1;TaskHub=x", "Endpoint=;TaskHub=x", "TaskHub=x;Authentication=None"):
            self.bad(USAGE, "--connection has no Endpoint", "hub", "delete", "default", "--yes", "--connection", text)

    def test_a_query_prints_what_it_finds(self):
        for name in ("query-a", "query-b"):
            self.start(name)
        self.assertEqual(self.good("instance", "show", "query-a", "--query", "instanceId"), '"query-a"\n')
        self.assertEqual(self.good("instance", "ls", "--prefix", "query-", "--query",
                                   "sort(orchestrations[?name == 'Hello'].instanceId)"), '["query-a","query-b"]\n')
        self.assertEqual(self.good("instance", "show", "query-a", "--query", "missing"), "null\n")
        self.bad(USAGE, "--query: unexpected end at byte 10 of the query", "instance", "terminate", "query-a", "--now", "--query",
                 "instances[")
        self.assertEqual(self.json("instance", "show", "query-a")["orchestrationStatus"], "ORCHESTRATION_STATUS_PENDING")
        self.bad(USAGE, "unknown function, size()", "instance", "ls", "--query", "size(@)")

    def test_what_is_not_over_is_not_purged(self):
        self.start("unpurged")
        done = self.run_command("instance", "purge", "unpurged")
        self.assertEqual((done.returncode, done.stdout), (FAILED, "0 purged\n"))
        self.assertIn("end it first: sallyport instance terminate unpurged", done.stderr)
        self.bad(USAGE, "give ids, or --older-than TIME", "instance", "purge")
        self.bad(USAGE, "give ids, or --older-than TIME", "instance", "purge", "x", "--older-than", "1d")
        self.assertEqual(self.json("instance", "purge", "--older-than", "1d"), {"deletedInstanceCount": 0, "isComplete": True})

    def test_show_says_what_it_waits_for(self):
        self.start("waiting")
        self.assertIn("worker", self.json("instance", "show", "waiting")["standing"])
        self.good("instance", "start", "Hello", "--id", "later", "--at", "2100-01-01T00:00:00Z")
        self.assertIn("2100", self.json("instance", "show", "later")["standing"])

    def test_of_several_ids_each_is_tried(self):
        for name in ("s1", "s2"):
            self.start(name)
        done = self.run_command("instance", "suspend", "s1", "nobody", "s2", "--reason", "look")
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertEqual(done.stderr.count("sallyport instance suspend: "), 1)
        self.good("instance", "resume", "s1", "s2")
        done = self.run_command("instance", "terminate", "s1", "nobody", "--now")
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertEqual(self.json("instance", "show", "s1")["orchestrationStatus"], "ORCHESTRATION_STATUS_TERMINATED")

    def test_what_changes_something_tells_a_program_what_it_did(self):
        """If this fails, a script that reads the JSON of each command stops at one that prints none, or cannot tell which of
        its ids were done."""
        for name in ("p1", "p2", "p3"):
            self.start(name)
        self.assertEqual(self.json("instance", "suspend", "p1", "p2"), {"instanceIds": ["p1", "p2"]})
        self.assertEqual(self.json("instance", "resume", "p2", "p1"), {"instanceIds": ["p2", "p1"]})
        self.assertEqual(self.json("instance", "raise", "p1", "go", "1"), {"instanceId": "p1"})
        self.assertEqual(self.json("instance", "terminate", "p3"), {"instanceIds": ["p3"]})
        for words, code in ((("suspend", "p1", "nobody", "p2"), NOT_FOUND), (("terminate", "p1", "nobody", "p2", "--now"), NOT_FOUND)):
            done = self.run_command("instance", *words, "--json")
            self.assertEqual((done.returncode, json.loads(done.stdout)), (code, {"instanceIds": ["p1", "p2"]}))
            self.assertIn("nobody", done.stderr)
        self.bad(NOT_FOUND, "nobody", "instance", "resume", "nobody", "--json")
        self.assertEqual(self.good("instance", "restart", "p1", "--query", "instanceId"), '"p1"\n')
        self.assertEqual(self.good("instance", "terminate", "p1", "--now", "--query", "instanceIds[0]"), '"p1"\n')
        self.assertEqual(self.json("instance", "purge", "p1", "p2"), {"deletedInstanceCount": 2, "isComplete": True})
        self.assertEqual(self.json("entity", "signal", "@Counter@told", "add", "1"), {"instanceId": "@counter@told"})
        self.assertEqual(self.json("hub", "create", "told"), {"name": "told"})
        self.assertEqual(self.json("hub", "delete", "told", "--yes"), {"name": "told"})

    def test_a_rewind_and_a_start_that_is_waited_for(self):
        worker = Worker(self.server.port, "other")
        self.addCleanup(worker.close)
        where = ("--hub", "other")
        failed = {"failureDetails": pb.TaskFailureDetails(errorType="Broken", errorMessage="it broke")}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.run_command, "instance", "start", "Orch", "--id", "breaks", "--wait", "--json", *where)
            worker.answer(worker.turn(), complete(1, pb.ORCHESTRATION_STATUS_FAILED, **failed))
            ended = waiting.result()
            shown = json.loads(ended.stdout)
            self.assertEqual((ended.returncode, shown["instanceId"], shown["orchestrationStatus"], shown["failureDetails"]["errorMessage"]),
                             (FAILED, "breaks", "ORCHESTRATION_STATUS_FAILED", "it broke"))
            self.assertEqual(self.json("instance", "rewind", "breaks", *where), {"instanceIds": ["breaks"]})
            worker.answer(worker.turn(), complete(2))
            waiting = pool.submit(self.json, "instance", "start", "Orch", "--id", "works", "--wait", *where)
            worker.answer(worker.turn(), complete(1, result=text("1")))
            self.assertEqual((waiting.result()["orchestrationStatus"], waiting.result()["output"]), ("ORCHESTRATION_STATUS_COMPLETED", "1"))

    def test_a_list_is_filtered_and_says_when_there_is_more(self):
        for n in range(12):
            self.start(f"listed-{n:02}")
        rows = self.json("instance", "ls", "--prefix", "listed-")
        self.assertEqual([row["instanceId"] for row in rows["orchestrations"]], [f"listed-{n:02}" for n in range(12)])
        self.assertFalse(rows["more"])
        done = self.run_command("instance", "ls", "--prefix", "listed-", "--limit", "5")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (GOOD, 6))
        self.assertIn("there are more", done.stderr)
        self.assertEqual(self.json("instance", "ls", "--prefix", "listed-", "--status", "failed,completed")["orchestrations"], [])
        self.assertEqual(self.json("instance", "ls", "--prefix", "listed-", "--before", "2020-01-01T00:00:00Z")["orchestrations"], [])
        heading, first = self.good("instance", "ls", "--prefix", "listed-0").splitlines()[:2]
        self.assertEqual(heading.index("NAME"), first.index("Hello"))
        self.bad(USAGE, "--status: names are", "instance", "ls", "--status", "running,nonsense")
        self.bad(USAGE, "--since must be a time", "instance", "ls", "--since", "yesterday")

    def test_hubs(self):
        self.good("hub", "create", "extra")
        names = [hub["name"] for hub in self.json("hub", "ls")["hubs"]]
        self.assertLessEqual({"default", "other", "extra"}, set(names))
        self.assertRegex(self.good("hub", "ls"), r"(?m)^NAME +STARTED .*\n(.*\n)*extra +0 +0 ")
        self.good("instance", "start", "Hello", "--id", "in-extra", "--hub", "extra")
        self.bad(NOT_FOUND, "no such instance", "instance", "show", "in-extra")
        self.assertEqual(self.json("instance", "show", "in-extra", environment={"SALLYPORT_HUB": "extra"})["name"], "Hello")
        string = f"Endpoint={self.server.ready['url']};TaskHub=extra;Authentication=None"
        self.good("instance", "show", "in-extra", environment={"DURABLE_TASK_SCHEDULER_CONNECTION_STRING": string})
        self.good("instance", "show", "in-extra", "--connection", string)
        self.bad(USAGE, "say --yes", "hub", "delete", "extra")
        self.good("hub", "delete", "extra", "--yes")
        self.bad(NOT_FOUND, "Task hub not found: extra", "instance", "ls", "--hub", "extra")

    def test_an_entity(self):
        self.good("entity", "signal", "@Counter@one", "add", "1")
        # No worker has made a state of it: it is there for who asks for it, and says what waits.
        shown = self.json("entity", "show", "@counter@one")
        self.assertEqual((shown["instanceId"], shown["backlogQueueSize"]), ("@counter@one", 1))
        self.assertGreater(shown["lastModifiedTime"], "2026")
        self.assertNotIn("serializedState", shown)
        self.bad(NOT_FOUND, "", "entity", "show", "@counter@on")
        self.assertEqual(self.json("entity", "ls", "--prefix", "@counter@")["entities"], [])
        self.assertEqual(self.good("entity", "ls").split(), ["ID", "MODIFIED", "BACKLOG", "LOCKED", "BY"])
        listed = self.json("entity", "ls", "--prefix", "@counter@", "--transient")["entities"]
        self.assertEqual([one["instanceId"] for one in listed], ["@counter@one"])

    def test_what_passes_between_an_orchestration_and_entities(self):
        """If this fails, an operator cannot see which entity was asked for what, or which lock is waited for."""
        worker = Worker(self.server.port, "other")
        self.addCleanup(worker.close)
        where = ("--hub", "other")
        self.good("instance", "start", "Orch", "--id", "asks", *where)
        worker.answer(worker.turn(), call(1, "@counter@k", "get", "r-1"), lock(2, "cs", "@a@1", "@b@2"))
        items = [worker.next() for _ in range(2)]  # in any order: the lock is granted, and the worker keeps that turn
        batch = next(item for item in items if item.WhichOneof("request") == "entityRequestV2")
        self.good("instance", "start", "Orch", "--id", "waits", *where)
        turn = worker.turn()
        worker.wire.call("CompleteEntityTask", pb.EntityBatchResult(
            completionToken=batch.completionToken, results=[success("7")], entityState=text("7")))
        worker.answer(turn, lock(1, "cs-2", "@b@2"))
        eventually(lambda: 'the lock of entity "@b@2", which instance "asks" holds' in
                   self.good("instance", "show", "waits", *where), "it is said which lock, and who holds it")
        shown = self.good("instance", "history", "asks", *where)
        for line in ("EntityOperationCalled", "get of @counter@k", "EntityLockRequested", "section cs", "@a@1, @b@2"):
            self.assertIn(line, shown)
        events = self.json("instance", "history", "asks", *where)
        self.assertEqual([(e["requestId"], e.get("instanceId"), e.get("data")) for e in events if "requestId" in e],
                         [("r-1", "@counter@k", None), ("cs", None, "@a@1, @b@2")])

    def test_errors_say_what_to_type(self):
        self.bad(FAILED, "start it with sallyport dev", "instance", "ls", "--url", "http://127.0.0.1:1", "--timeout", "1s")
        self.bad(FAILED, "start it with sallyport dev", "hub", "ls", "--url", "http://127.0.0.1:1", "--timeout", "1s")
        self.bad(USAGE, "ID is missing", "instance", "show")
        self.bad(USAGE, "an entity is named @NAME@KEY", "entity", "show", "counter")
        done = self.run_command("instance")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("instance history ", done.stderr)

    def test_a_name_cannot_steer_the_terminal(self):
        """What a stranger named is printed without its control characters; JSON has it as it is."""
        self.good("instance", "start", "evil\x1b[2Jname", "--id", "evil")
        self.assertNotIn("\x1b", self.good("instance", "ls", "--prefix", "evil") + self.good("instance", "show", "evil"))
        self.assertEqual(self.json("instance", "show", "evil")["name"], "evil\x1b[2Jname")

    def test_each_command_has_a_help_text(self):
        for words in ("hub create", "hub delete", "hub ls", "instance ls", "instance show", "instance history", "instance start",
                      "instance raise", "instance suspend", "instance resume", "instance terminate", "instance rewind",
                      "instance restart", "instance purge", "entity ls", "entity show", "entity signal"):
            text = self.good("help", *words.split())
            self.assertTrue(text.startswith(f"usage: sallyport {words}"), text)
            self.assertIn("--json", text)
            self.assertIn("Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing.", text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
