# SPDX-License-Identifier: MIT
"""The packages that come with the official Python SDK and stand on entities, unmodified, against a real scheduler:
schedules, the export of histories, and large payloads in a blob store.

Usage: python_packages_test.py SCHEDULER_HOST|--peer AZURITE_FOLDER [unittest arguments]

The blob store is Azurite from npm, fetched once, pinned, into AZURITE_FOLDER; without npm its tests are skipped. With
--peer the tests run against the SDK's own in-memory backend.
"""
import gzip
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid
from datetime import datetime, timedelta, timezone

from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from durabletask.extensions.history_export import (ExportDestination, ExportHistoryClient, ExportJobCreationOptions,
                                                   ExportJobStatus, ExportMode)
from durabletask.scheduled import (ScheduleCreationOptions, ScheduledTaskClient, ScheduleQuery, ScheduleStatus,
                                   ScheduleUpdateOptions)

import scheduler_process
from scheduler_process import PATIENCE_S, eventually
from process import Process
from sdk_service import Ours, Peer

PEER = sys.argv[1] == "--peer"
AZURITE = pathlib.Path(sys.argv[2])
AZURITE_PACKAGE = "azurite@3.37.0"
LARGE = 600_000  # characters: over the threshold of the extension


# --- orchestrations ---

runs = {}  # label → times of start, of this process
runs_lock = threading.Lock()


def tick(ctx, label):
    with runs_lock:
        runs.setdefault(label, []).append(ctx.current_utc_datetime)
    return label


def shout(ctx, text):
    return text.upper()


def echo(ctx, text):
    loud = yield ctx.call_activity(shout, input=text)
    ctx.set_custom_status({"size": len(loud), "text": loud})
    event = yield ctx.wait_for_external_event("More")
    return loud + event


def stopped(ctx, _):
    raise ValueError("stopped on purpose")


class Kept:
    """Writes what is exported into memory."""

    def __init__(self):
        self.blobs = {}

    def write(self, *, instance_id, container, blob_name, payload, content_type, content_encoding, metadata=None):
        self.blobs[(container, instance_id)] = (blob_name, payload, content_encoding)


class SdkTest(unittest.TestCase):
    def setUp(self):
        self.service = Peer() if PEER else Ours()
        self.addCleanup(self.service.stop)
        self.label = f"t{uuid.uuid4().hex[:10]}"

    def start_worker(self, *orchestrators, activities=(), prepare=None, **more):
        worker = self.service.worker(**more)
        for one in orchestrators:
            worker.add_orchestrator(one)
        for one in activities:
            worker.add_activity(one)
        if prepare:
            prepare(worker)
        worker.start()
        self.addCleanup(worker.stop)
        return worker

    def start_client(self, **more):
        client = self.service.client(**more)
        self.addCleanup(client.close)
        return client


class ScheduleTest(SdkTest):
    def setUp(self):
        super().setUp()
        self.client = self.start_client()
        self.start_worker(tick, prepare=lambda worker: worker.configure_scheduled_tasks())
        self.schedules = ScheduledTaskClient(self.client)

    def options(self, **more):
        return ScheduleCreationOptions(schedule_id=self.label, orchestration_name="tick", interval=timedelta(seconds=1),
                                       orchestration_input=self.label, **more)

    def count(self):
        with runs_lock:
            return len(runs.get(self.label, []))

    def test_a_schedule_runs_again_and_again(self):  # DT-165
        schedule = self.schedules.create_schedule(self.options())
        eventually(lambda: self.count() >= 3, "it ran three times")
        described = schedule.describe()
        self.assertEqual(described.status, ScheduleStatus.ACTIVE)
        self.assertIsNotNone(described.last_run_at)
        self.assertGreater(described.next_run_at, described.last_run_at)
        schedule.delete()

    def test_paused_it_does_not_run_and_resumed_it_does(self):
        schedule = self.schedules.create_schedule(self.options())
        eventually(lambda: self.count() >= 1, "it ran")
        schedule.pause()
        self.assertEqual(schedule.describe().status, ScheduleStatus.PAUSED)
        before = self.count()
        threading.Event().wait(2.5)
        self.assertLessEqual(self.count(), before + 1)  # one may have been on its way
        held = self.count()
        schedule.resume()
        eventually(lambda: self.count() > held, "it runs again")
        schedule.delete()

    def test_an_update_counts_and_an_end_ends(self):
        schedule = self.schedules.create_schedule(self.options(start_at=datetime.now(timezone.utc) + timedelta(hours=1)))
        threading.Event().wait(1.5)
        self.assertEqual(self.count(), 0)
        schedule.update(ScheduleUpdateOptions(start_at=datetime.now(timezone.utc)))
        eventually(lambda: self.count() >= 1, "it runs since the update")
        schedule.delete()
        self.assertIsNone(self.schedules.get_schedule(self.label))

    def test_schedules_are_listed_by_prefix_and_state(self):
        for name in ("a", "b", "c"):
            self.schedules.create_schedule(ScheduleCreationOptions(
                schedule_id=f"{self.label}-{name}", orchestration_name="tick", interval=timedelta(hours=1),
                orchestration_input=self.label))
        self.schedules.get_schedule_client(f"{self.label}-b").pause()
        found = self.schedules.list_schedules(ScheduleQuery(schedule_id_prefix=self.label, page_size=2))
        self.assertEqual(sorted(one.schedule_id for one in found), [f"{self.label}-{name}" for name in "abc"])
        paused = self.schedules.list_schedules(ScheduleQuery(schedule_id_prefix=self.label, status=ScheduleStatus.PAUSED))
        self.assertEqual([one.schedule_id for one in paused], [f"{self.label}-b"])

    def test_what_is_not_there_and_what_is_not_allowed_is_told(self):
        self.assertIsNone(self.schedules.get_schedule(self.label))
        schedule = self.schedules.create_schedule(self.options(start_at=datetime.now(timezone.utc) + timedelta(hours=1)))
        with self.assertRaises(RuntimeError):
            schedule.resume()  # it is active

    @unittest.skipIf(PEER, "in memory")
    def test_a_schedule_goes_on_after_kill_9(self):
        self.schedules.create_schedule(self.options())
        eventually(lambda: self.count() >= 1, "it ran")
        self.service.host.kill()
        self.service.host.start()
        before = self.count()
        eventually(lambda: self.count() > before + 1, "it goes on")


class ExportTest(SdkTest):
    def setUp(self):
        super().setUp()
        self.client = self.start_client()
        self.kept = Kept()
        self.exports = ExportHistoryClient(self.client, self.kept)
        self.start_worker(tick, stopped, prepare=self.exports.register_worker)

    def run_many(self, count):
        instances = [self.client.schedule_new_orchestration(tick, input=self.label) for _ in range(count)]
        instances.append(self.client.schedule_new_orchestration(stopped))
        for instance in instances:
            self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        return instances

    def test_what_has_ended_is_exported_with_its_history(self):
        begun = datetime.now(timezone.utc) - timedelta(minutes=1)
        instances = self.run_many(12)
        job = self.exports.create_job(ExportJobCreationOptions(
            mode=ExportMode.BATCH, completed_time_from=begun, completed_time_to=datetime.now(timezone.utc),
            destination=ExportDestination(container="kept", prefix="a"), max_instances_per_batch=5))
        final = self.exports.get_job_client(job.job_id).wait(timeout=PATIENCE_S)
        self.assertEqual(final.status, ExportJobStatus.COMPLETED)
        self.assertEqual(final.failed_instances, 0)
        for instance in instances:
            _, payload, encoding = self.kept.blobs[("kept", instance)]
            self.assertEqual(encoding, "gzip")
            lines = [json.loads(line) for line in gzip.decompress(payload).splitlines()]
            self.assertGreaterEqual(len(lines), 3)

    def test_only_the_states_that_were_asked_for(self):
        begun = datetime.now(timezone.utc) - timedelta(minutes=1)
        instances = self.run_many(3)
        job = self.exports.create_job(ExportJobCreationOptions(
            mode=ExportMode.BATCH, completed_time_from=begun, completed_time_to=datetime.now(timezone.utc),
            destination=ExportDestination(container="failed"), runtime_status=[OrchestrationStatus.FAILED]))
        self.exports.get_job_client(job.job_id).wait(timeout=PATIENCE_S)
        exported = {instance for container, instance in self.kept.blobs if container == "failed"}
        self.assertEqual(exported, {instances[-1]})

    def test_jobs_are_listed_and_deleted(self):
        begun = datetime.now(timezone.utc) - timedelta(minutes=1)
        self.run_many(1)
        job = self.exports.create_job(ExportJobCreationOptions(
            mode=ExportMode.BATCH, completed_time_from=begun, completed_time_to=datetime.now(timezone.utc),
            destination=ExportDestination(container="kept")), job_id=self.label)
        self.exports.get_job_client(job.job_id).wait(timeout=PATIENCE_S)
        self.assertIn(self.label, [one.job_id for one in self.exports.list_jobs()])
        self.exports.delete_job(self.label)
        eventually(lambda: self.exports.get_job(self.label) is None, "the job is gone")


class Azurite:
    """The blob store, on a port of its own and a folder that goes with it."""

    KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # its public one

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-azurite-")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        program = AZURITE / "node_modules" / ".bin" / "azurite-blob"
        self.process = Process([program, "--silent", "--blobHost", "127.0.0.1", "--blobPort", str(self.port),
                                "--location", self.folder.name, "--skipApiVersionCheck", "--disableTelemetry"])
        eventually(self.answers, "azurite listens", 30)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def connection_string(self):
        return (f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={self.KEY};"
                f"BlobEndpoint=http://127.0.0.1:{self.port}/devstoreaccount1;")

    def stop(self):
        self.process.close()
        self.folder.cleanup()


def fetch_azurite():
    """Why there is none, or None."""
    if (AZURITE / "node_modules" / ".bin" / "azurite-blob").exists():
        return None
    if not shutil.which("npm") or not shutil.which("node"):
        return "node and npm are needed"
    AZURITE.mkdir(parents=True, exist_ok=True)
    try:
        got = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", AZURITE_PACKAGE], cwd=AZURITE,
                             capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "npm did not fetch azurite within 300 s"
    return None if got.returncode == 0 else "npm cannot fetch azurite"


class LargePayloadTest(SdkTest):
    def setUp(self):
        why = fetch_azurite()
        if why:
            self.skipTest(why)
        super().setUp()
        from durabletask.extensions.azure_blob_payloads import BlobPayloadStore, BlobPayloadStoreOptions
        self.azurite = Azurite()
        self.addCleanup(self.azurite.stop)
        self.store = BlobPayloadStore(BlobPayloadStoreOptions(connection_string=self.azurite.connection_string()))
        self.client = self.start_client(payload_store=self.store)
        self.start_worker(echo, activities=[shout], payload_store=self.store)

    def test_a_large_input_status_event_and_output_go_through_the_store(self):
        instance = self.client.schedule_new_orchestration(echo, input="a" * LARGE)
        eventually(lambda: self.client.get_orchestration_state(instance).serialized_custom_status, "it has a status")
        status = json.loads(self.client.get_orchestration_state(instance).serialized_custom_status)
        self.assertEqual((status["size"], status["text"]), (LARGE, "A" * LARGE))
        self.client.raise_orchestration_event(instance, "More", data="b" * LARGE)
        state = self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_S)
        self.assertEqual(state.get_output(), "A" * LARGE + "b" * LARGE)

        # The scheduler itself holds a token and not the text.
        bare = self.start_client().get_orchestration_state(instance)
        self.assertLess(len(bare.serialized_output), 500)
        self.assertTrue(bare.serialized_output.strip('"').startswith("blob:v"), bare.serialized_output)


def main():
    scheduler_process.program = sys.argv[1]
    del sys.argv[1:3]
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
