#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""GET /metrics, read with the parser of the Prometheus client library (Debian's python3-prometheus-client).

If this fails, a monitor refuses the page, shows a number that is not so, or an operator looks for one that nobody
documented. Usage: metrics_test.py SALLYPORT SOURCE_ROOT"""
import json
import pathlib
import re
import subprocess
import sys
import time
import unittest

from prometheus_client.parser import text_string_to_metric_families

from server import Server

PROGRAM, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])


def rows():
    text = subprocess.run([PROGRAM, "metrics", "--json"], check=True, capture_output=True, timeout=60).stdout
    return {row["name"]: row for row in json.loads(text)}


def read(server):
    status, headers, text = server.ask("GET", "/metrics")
    if status != 200:
        raise AssertionError((status, text))
    return {family.name: family for family in text_string_to_metric_families(text)}, headers


def value(families, name, **labels):
    family = families[name.removesuffix("_total") if name.endswith("_total") else name]
    found = [sample.value for sample in family.samples if sample.name == name and labels.items() <= sample.labels.items()]
    return sum(found)


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--metrics", "--trace-url", "http://127.0.0.1:9/v1/traces"]).start()
        cls.request = cls.server.submit("print(6 * 7)")
        cls.server.until(cls.request, "waiting")
        cls.server.ask("POST", f"/v1/requests/{cls.request}/decision", {"approve": True})
        cls.server.until(cls.request, "approved")
        # The book has decided; the orchestration learns of it afterwards.
        path, until = f"/v1/taskhubs/orchestrations/{cls.request}", time.monotonic() + 60
        while not cls.server.ask("GET", path)[2]["orchestrationStatus"].endswith("_COMPLETED") and time.monotonic() < until:
            time.sleep(0.02)
        cls.server.ask("GET", "/nowhere")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def calls(self):
        return value(read(self.server)[0], "sallyport_scheduler_calls_total")

    def calls_of_submissions(self, count):
        """How many calls the scheduler took meanwhile, and the seconds."""
        before, began = self.calls(), time.monotonic()
        for _ in range(count):
            self.assertEqual(self.server.ask("POST", "/v1/requests", {"code": "1", "gate": "before"})[0], 201)
        return self.calls() - before, time.monotonic() - began

    def test_who_waits_is_woken_by_their_own_request(self):
        """Else each step of each request makes all look who wait, and ask the scheduler; so they ask it once a second."""
        request = self.server.ask("POST", "/v1/requests", {"code": "1", "gate": "before"})[2]["id"]
        alone, _ = self.calls_of_submissions(20)
        readers = [self.server.connect(60) for _ in range(30)]
        for reader in readers:
            self.addCleanup(reader.close)
            reader.request("GET", f"/v1/requests/{request}?wait=60s&until=over")
        beside, seconds = self.calls_of_submissions(20)
        self.assertLess(beside - alone, len(readers) * (seconds + 3))
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{request}/decision", {"approve": False})[0], 200)
        self.assertEqual({json.loads(reader.getresponse().read())["state"] for reader in readers}, {"rejected"})

    def test_a_monitor_can_read_it(self):
        families, headers = read(self.server)
        self.assertIn("version=0.0.4", headers["Content-Type"])
        self.assertGreater(len(families), 40)

    def test_what_is_shown_is_what_is_listed(self):
        listed = rows()
        families, _ = read(self.server)
        for family in families.values():
            name = family.name + ("_total" if family.type == "counter" else "")
            self.assertIn(name, listed)
            row = listed[name]
            self.assertEqual((family.type, family.documentation), (row["type"], row["help"]), name)
            labels = set(row["labels"].split())
            for sample in family.samples:
                self.assertEqual(set(sample.labels) - {"le"}, labels, sample)
        shown = {family.name + ("_total" if family.type == "counter" else "") for family in families.values()}
        self.assertEqual(set(listed) - shown, set())

    def test_names_follow_the_conventions(self):
        """Prometheus, "Metric and label naming": base units, _total behind counters."""
        for name, row in rows().items():
            self.assertRegex(name, r"^[a-z_]+$")
            self.assertEqual(name.endswith("_total"), row["type"] == "counter", name)
            self.assertNotRegex(name, r"_(ms|ns|kb|mb|millis)")
            self.assertFalse(row["help"].endswith("."), name)

    def test_one_request_is_counted_on_its_way(self):
        families, _ = read(self.server)
        hub = {"hub": "default"}
        self.assertEqual(value(families, "sallyport_scheduler_instances_started_total", **hub), 1)
        self.assertEqual(value(families, "sallyport_scheduler_instances_ended_total", status="completed", **hub), 1)
        sent = value(families, "sallyport_scheduler_work_sent_total", kind="activity", **hub)
        self.assertEqual(sent, 2)  # the run, and what its decision comes to
        self.assertEqual(value(families, "sallyport_scheduler_work_finished_total", kind="activity", **hub), sent)
        turns = value(families, "sallyport_scheduler_work_finished_total", kind="turn", **hub)
        self.assertGreaterEqual(turns, 2)
        self.assertEqual(turns, value(families, "sallyport_scheduler_turns_total"))
        for name in ("waiting", "out", "oldest_wait_seconds"):
            self.assertEqual(value(families, f"sallyport_scheduler_work_{name}", **hub), 0, name)
        self.assertEqual(value(families, "sallyport_scheduler_workers"), 1)
        self.assertGreaterEqual(value(families, "sallyport_store_commits_total"), 3)
        self.assertGreater(value(families, "sallyport_store_bytes_total"), 100)
        self.assertEqual(value(families, "sallyport_pool_claims_total"), 1)

    def test_a_session_that_was_released_is_counted_by_its_reason(self):
        families, _ = read(self.server)
        self.assertGreaterEqual(value(families, "sallyport_pool_session_ends_total", reason="released"), 1)
        built = [s.value for s in families["sallyport_pool_session_build_seconds"].samples if s.name.endswith("_count")]
        self.assertGreaterEqual(built[0], 1)

    def test_requests_are_counted_by_route_and_status(self):
        families, _ = read(self.server)
        name = "sallyport_http_requests_total"
        self.assertEqual(value(families, name, route="/v1/requests/{id}/decision", status="200", part="app"), 1)
        self.assertGreaterEqual(value(families, name, route="none", status="404"), 1)
        self.assertNotIn(self.request, str(families))

    def test_the_process_is_measured(self):
        families, _ = read(self.server)
        self.assertGreater(value(families, "process_resident_memory_bytes"), 1 << 20)
        self.assertGreater(value(families, "process_cpu_seconds_total"), 0)
        self.assertGreater(value(families, "sallyport_uptime_seconds"), 0)


class Off(unittest.TestCase):
    def test_nobody_gets_it_unasked(self):
        with Server(PROGRAM) as server:
            self.assertEqual(server.ask("GET", "/metrics")[0], 404)

    def test_the_document_has_each_row(self):
        text = (ROOT / "doc/metrics.md").read_text()
        self.assertEqual(set(re.findall(r"^\| `([a-z_]+)`", text, re.M)), set(rows()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
