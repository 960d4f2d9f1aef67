# SPDX-License-Identifier: MIT
"""Sallyport's own paths of a pool (doc/api.md): output as it comes, cancel, why a run ended, what it did. Against a real
server process with real sessions; nothing here measures time."""
import concurrent.futures
import hashlib
import http.client
import json
import unittest
import urllib.parse

from pool_case import HELD, PoolTest
from pool_process import V1, V4, fresh, wait_until

STUBBORN = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nopen('/mnt/data/deaf', 'w')\nwhile True: pass"


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Events:
    """The events of one output stream; `received` has (event, data, id), since the last reset."""

    def __init__(self, pool, identifier, execution, start=None, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", pool.port, timeout=60)
        query = {"identifier": identifier, "api-version": V4, **({"from": start} if start is not None else {})}
        path = f"/executions/{execution}/output?{urllib.parse.urlencode(query)}"
        self.connection.request("GET", path, headers={"Last-Event-ID": last} if last else {})
        self.response = self.connection.getresponse()
        self.received, self.resets = [], 0

    def next(self):
        """The next event, or None at the end."""
        fields = {}
        for line in self.response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if line == b"\n" and "data" in fields:
                if fields["event"] == "reset":
                    self.received, self.resets = [], self.resets + 1
                self.received.append((fields["event"], json.loads(fields["data"]), fields["id"]))
                return self.received[-1]
            fields[name] = value
        return None

    def until(self, condition):
        while not condition(self):
            if self.next() is None:
                raise AssertionError(f"the stream ended: {self.received}")
        return self

    def all(self):
        while self.next() is not None:
            pass
        self.connection.close()
        return self

    def text(self, stream):
        return "".join(data["text"] for event, data, _ in self.received if event == stream)

    def kinds(self):
        return [event for event, _, _ in self.received]


class Output(PoolTest):
    settings = {"output_kb": 64}

    def start(self, code, **more):
        begun = self.pool.run(self.id, code, executionType="Asynchronous", **more)
        self.assertEqual(begun.status, 202, begun)
        return begun.json["id"]

    def result(self, execution):
        wait_until(lambda: self.poll(self.id, execution)["status"] not in ("NotStarted", "Running"))
        return self.poll(self.id, execution)["result"]

    def test_rp61_output_comes_while_the_code_runs_and_is_the_result_in_the_end(self):
        """RP-61: a reader sees what was printed before the code ends; all pieces together are the stored result."""
        execution = self.start("import sys\nprint('begun', flush=True)\nprint('oh', file=sys.stderr, flush=True)\n" + HELD +
                               "print('é done')\n1/0")
        events = Events(self.pool, self.id, execution).until(lambda e: e.text("stdout") and e.text("stderr"))
        self.assertEqual((events.text("stdout"), events.text("stderr")), ("begun\n", "oh\n"))
        self.assertIn(("status", {"status": "Running"}), [r[:2] for r in events.received])
        self.pool.upload(self.id, "go", b"")
        events.all()
        result = self.result(execution)
        self.assertEqual((events.text("stdout"), events.text("stderr")), (result["stdout"], result["stderr"]))
        self.assertEqual(events.received[-1][:2], ("status", {"status": "Failed", "ended": "raised"}))

    def test_rp61_replay_from_the_start_and_from_the_middle(self):
        """RP-61: after the end, and from any event on, the same bytes."""
        execution = self.start("import sys\nfor n in range(30000): print(n, 'ü')\nprint('end', file=sys.stderr)")
        result = self.result(execution)
        self.assertTrue(result["stdoutTruncated"])
        whole = Events(self.pool, self.id, execution, "0,0").all()
        self.assertEqual((whole.text("stdout"), whole.text("stderr")), (result["stdout"], result["stderr"]))
        before, middle = whole.received[:2]
        known = len(before[1]["text"] + middle[1]["text"])
        for again in (Events(self.pool, self.id, execution, middle[2]).all(),
                      Events(self.pool, self.id, execution, last=middle[2]).all()):
            self.assertEqual(again.text("stdout"), result["stdout"][known:])
        self.assertError(self.pool.call("GET", f"/executions/{execution}/output", self.id, **{"from": "x"}), 400,
                         "InvalidOffset")
        self.assertError(self.pool.call("GET", "/executions/none/output", self.id), 404, "ExecutionNotFound")

    def test_rp61_what_is_cut_comes_at_the_end(self):
        """RP-61: a live reader of more than is kept, and of bytes that are no text, gets the stored result as well."""
        execution = self.start("import os\nos.write(1, b'x' + b'\\xff\\xe2\\x82' * 30000)\n" + HELD +
                               "os.write(1, b'\\xac' * 100)\nprint('tail')")
        events = Events(self.pool, self.id, execution).until(lambda e: len(e.text("stdout")) > 1000)
        self.pool.upload(self.id, "go", b"")
        self.assertEqual(events.all().text("stdout"), self.result(execution)["stdout"])

    def test_rp61_all_that_is_kept_comes_while_the_code_runs(self):
        """RP-61: up to the limit, not to its half, and without a reset; a place in it is good also when it is over."""
        execution = self.start("print('é' * 30000, flush=True)\n" + HELD + "print('end')")
        events = Events(self.pool, self.id, execution).until(lambda e: len(e.text("stdout")) == 30001)
        place = events.received[-1][2]
        self.assertEqual(place, "60001,0,live")
        again = Events(self.pool, self.id, execution, place)
        self.pool.upload(self.id, "go", b"")
        self.assertEqual((again.all().text("stdout"), again.resets), ("end\n", 0))
        self.assertEqual((events.all().text("stdout"), events.resets), (self.result(execution)["stdout"], 0))

    def test_rp61_who_has_read_what_is_cut_begins_anew(self):
        """RP-61: once more comes than is kept, whoever has some of the middle is told so, and has the stored result in the end."""
        execution = self.start("print('x' * 60000, flush=True)\n" + HELD + "print('y' * 60000)")
        events = Events(self.pool, self.id, execution).until(lambda e: len(e.text("stdout")) == 60001)
        place, first = events.received[-1][2], events.received[2][2]
        self.pool.upload(self.id, "go", b"")
        stored = self.result(execution)["stdout"]
        self.assertEqual((events.all().text("stdout"), events.resets), (stored, 1))
        later = Events(self.pool, self.id, execution, place).all()
        self.assertEqual((later.text("stdout"), later.resets), (stored, 1))
        self.assertFalse(first.endswith(",live"))
        known = int(first.partition(",")[0])
        self.assertEqual(Events(self.pool, self.id, execution, first).all().text("stdout"), stored[known:])

    def test_rp61_displays_come_as_events(self):
        """RP-61: what the code displayed comes as events of its own."""
        execution = self.start("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n[1]")
        events = Events(self.pool, self.id, execution).all()
        shown = [data for event, data, _ in events.received if event == "display"]
        self.assertEqual(shown, self.result(execution)["outputs"])
        self.assertEqual(shown[0]["text/html"], "<b>x</b>")

    def test_rp61_a_reader_that_never_reads_holds_up_nobody(self):
        """RP-61: the code, its answer and another reader do not wait for a reader that takes nothing."""
        execution = self.start(HELD + "print('y' * 60000)")
        deaf = [Events(self.pool, self.id, execution) for _ in range(20)]
        reader = Events(self.pool, self.id, execution)
        self.pool.upload(self.id, "go", b"")
        self.assertEqual(len(reader.all().text("stdout")), 60001)
        self.assertEqual(self.value("1"), 1)
        for each in deaf:
            each.connection.close()

    def test_rp61_one_that_waits_is_followed_and_one_that_goes_is_told(self):
        """RP-61: a queue is told of as a status; with the identifier the stream ends with a gap."""
        first = self.start(HELD)
        second = self.start("print('second')")
        events = Events(self.pool, self.id, second)
        self.assertEqual(events.next()[:2], ("status", {"status": "NotStarted"}))
        self.pool.call("DELETE", "/session", self.id)
        self.assertIn(events.all().received[-1][:2],
                      [("gap", {"reason": "what follows is not kept any more"}),
                       ("status", {"status": "Canceled", "ended": "released"})])
        self.assertNotEqual(first, second)


class Cancel(PoolTest):
    settings = {"grace_s": 1}

    def cancel(self, execution):
        return self.pool.call("POST", f"/executions/{execution}/cancel", self.id)

    def report(self, execution):
        wait_until(lambda: self.poll(self.id, execution)["status"] not in ("NotStarted", "Running"))
        return self.pool.call("GET", f"/executions/{execution}", self.id, report="sallyport").json

    def test_rp62_cancel_interrupts_and_keeps_the_session(self):
        """RP-62: the code gets KeyboardInterrupt, what it printed is kept, the session lives on."""
        self.value("kept = 1")
        execution = self.hold(self.id)
        self.assertEqual(self.cancel(execution).status, 202)
        body = self.report(execution)
        self.assertEqual((body["status"], body["ended"], body["error"]["error"]["reason"]),
                         ("Canceled", "cancelled", "cancelled"))
        self.assertIn("KeyboardInterrupt", body["result"]["stderr"])
        self.assertEqual(self.value("kept"), 1)
        self.assertError(self.cancel(execution), 409, "ExecutionIsOver")

    def test_rp62_cancel_at_once(self):
        """RP-62: a wish that comes before the code can be interrupted is not lost, and costs no session."""
        self.value("kept = 1")
        for _ in range(20):
            begun = self.pool.run(self.id, HELD, executionType="Asynchronous").json["id"]
            self.assertEqual(self.cancel(begun).status, 202)
            self.assertEqual(self.report(begun)["ended"], "cancelled")
        self.assertEqual(self.value("kept"), 1)

    def test_rp62_what_does_not_yield_is_killed(self):
        """RP-62: after the grace the session is ended, and the end is still the same."""
        begun = self.pool.run(self.id, STUBBORN, executionType="Asynchronous").json["id"]
        wait_until(lambda: self.pool.call("GET", "/files/deaf", self.id).status == 200)
        self.assertEqual(self.cancel(begun).status, 202)
        self.assertEqual(self.cancel(begun).status, 202)
        self.assertEqual(self.report(begun)["ended"], "cancelled")
        self.assertEqual(self.value("1"), 1)

    def test_rp62_one_in_the_queue_never_runs(self):
        """RP-62: it is taken out of the queue; what stands behind it runs."""
        first = self.hold(self.id)
        second = self.pool.run(self.id, "open('/mnt/data/ran', 'w')", executionType="Asynchronous").json["id"]
        self.assertEqual(self.cancel(second).json["status"], "Canceled")
        self.release(self.id, first)
        self.assertEqual(self.report(second)["ended"], "cancelled")
        self.assertIs(self.value("os.path.exists('/mnt/data/ran')"), False)

    def test_rp62_a_call_that_waits_is_answered(self):
        """RP-62: the caller of a synchronous execution chooses its id and learns of the end."""
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            call = threads.submit(self.pool.run, self.id, HELD, headers={"operation-id": "mine"})
            wait_until(lambda: self.pool.call("GET", "/executions/mine", self.id).body.find(b'"Running"') > 0)
            self.assertEqual(self.cancel("mine").status, 202)
            self.assertEqual(call.result().json["status"], "Canceled")


class About(PoolTest):
    def test_rp06_the_pool_says_what_it_gives_without_a_session(self):
        """RP-06: who looks for our pool finds it, and costs it no session; a session's identifier says nothing here."""
        answer = self.pool.call("GET", "/sallyport")
        self.assertEqual((answer.status, answer.json["gives"]), (200, ["report", "output", "cancel"]))
        self.assertEqual(self.pool.call("GET", "/sallyport", self.id).json, answer.json)
        self.assertEqual(self.pool.call("GET", "/session", self.id).status, 404)
        self.assertError(self.pool.call("GET", "/sallyport", version=None), 400, "InvalidApiVersion")


class Effects(PoolTest):
    settings = {"output_kb": 64}

    def run_measured(self, code, **members):
        answer = self.pool.call("POST", "/executions", self.id, body={"code": code, **members}, report="sallyport")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["effects"]

    def changes(self, effects):
        return {c["path"]: (c["change"], c.get("bytes"), c.get("sha256")) for c in effects["files"]["changes"]}

    def test_rp54_files_made_changed_and_removed(self):
        """RP-54: paths, sizes and hashes of what a run did below /mnt/data, by what is there and not by what it says."""
        os = "import os; os.chdir('/mnt/data')\n"
        self.pool.upload(self.id, "input", b"given")
        made = self.run_measured(os + "os.mkdir('sub')\nopen('sub/a', 'w').write('one')\nopen('b', 'w').write('two')")
        self.assertEqual(self.changes(made), {"sub/a": ("made", 3, sha(b"one")), "b": ("made", 3, sha(b"two"))})
        # Same size, and the time of the last write put back: the inode's own time tells.
        changed = self.run_measured("s = os.stat('b')\nopen('b', 'w').write('TWO')\nos.utime('b', ns=(s.st_atime_ns, s.st_mtime_ns))")
        self.assertEqual(self.changes(changed), {"b": ("changed", 3, sha(b"TWO"))})
        removed = self.run_measured("os.remove('input'); os.rename('b', 'c'); os.symlink('/etc/passwd', 'link')")
        self.assertEqual(self.changes(removed), {"input": ("removed", None, None), "b": ("removed", None, None),
                                                 "c": ("made", 3, sha(b"TWO"))})
        self.assertEqual(removed["files"]["unseen"], 1)
        self.assertEqual(self.run_measured("1")["files"], {"count": 0, "unseen": 1, "changes": []})

    def test_rp54_many_files_are_counted_and_too_many_are_not_reported(self):
        """RP-54: the list has an end, and what is not reported is named."""
        many = self.run_measured("for n in range(600): open(f'/mnt/data/{n}', 'w').write('x')")
        self.assertEqual((many["files"]["count"], len(many["files"]["changes"])), (600, 500))
        none = self.run_measured("for n in range(6000): open(f'/mnt/data/{n}', 'w').write('x')")
        self.assertNotIn("files", none)
        self.assertIn("files", none["notReported"])

    def test_rp54_the_next_in_line_waits_until_the_files_are_read(self):
        """RP-54: a run behind it does not change what is told of this one; large files are hashed whole."""
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            call = threads.submit(self.run_measured, HELD + "open('/mnt/data/big', 'wb').write(b'b' * (40 << 20))")
            wait_until(lambda: self.pool.report()["sessions"]["busy"] == 1)
            after = self.pool.run(self.id, "open('/mnt/data/big', 'wb').write(b'a' * (40 << 20))",
                                  executionType="Asynchronous").json["id"]
            self.pool.upload(self.id, "go", b"")
            self.assertEqual(self.changes(call.result())["big"], ("made", 40 << 20, sha(b"b" * (40 << 20))))
        wait_until(lambda: self.poll(self.id, after)["status"] == "Succeeded")

    def test_rp54_attempts_and_refused_calls_are_counted_from_outside(self):
        """RP-54: what code tried of the network and of the kernel, whatever it says of it; the errno is what it always was."""
        effects = self.run_measured(
            "import ctypes, errno, socket\nfound = []\n"
            "for family, kind in [(2, 1)] * 3 + [(10, 2), (1, 1)]:\n"
            "    try: socket.socket(family, kind)\n    except OSError as e: found.append(errno.errorcode[e.errno])\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "for _ in range(2):\n    libc.ptrace(0, 0, 0, 0); found.append(errno.errorcode[ctypes.get_errno()])\n"
            "assert found == ['ENETUNREACH'] * 4 + ['EAFNOSUPPORT'] + ['EPERM'] * 2, found")
        self.assertEqual(effects["network"], {"attempts": 4, "calls": [{"family": "inet", "type": "stream", "count": 3},
                                                                       {"family": "inet6", "type": "dgram", "count": 1}]})
        self.assertEqual(effects["refused"], {"count": 7, "calls": [{"call": "socket", "count": 5}, {"call": "ptrace", "count": 2}]})
        nothing = self.run_measured("print('hi')")
        self.assertEqual((nothing["network"]["attempts"], nothing["refused"]), (0, {"count": 0, "calls": []}))

    def processes(self, code):
        """Started, and the most at once, or 0 where that is not reported."""
        effects = self.run_measured(code)
        self.assertNotEqual("mostAtOnce" in effects["processes"], "processes.mostAtOnce" in effects["notReported"])
        return effects["processes"]["started"], effects["processes"].get("mostAtOnce", 0)

    def test_rp54_processes_are_counted_from_outside(self):
        """RP-54: each way to start one counts once, a thread does not; the most at once is of this run, the code's own included."""
        told = self.processes("print('hi')")[1] > 0
        self.assertEqual(self.processes("print('hi')"), (0, told * 1))
        self.assertEqual(self.processes("import threading\nt = threading.Thread(target=print); t.start(); t.join()"), (0, told * 1))
        ways = ("import multiprocessing, os, subprocess\nsubprocess.run(['true'], check=True)\nassert os.system('true') == 0\n"
                "pid = os.fork() or os._exit(0)\nos.waitpid(pid, 0)\n"
                "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\n"
                "p = multiprocessing.Process(target=print); p.start(); p.join()")
        self.assertEqual(self.processes(ways), (5, told * 2))
        held = "children = [subprocess.Popen(['sleep', '60']) for _ in range(3)]"
        self.assertEqual(self.processes(held), (3, told * 4))
        self.assertEqual(self.processes("1"), (0, told * 4))
        self.assertEqual(self.processes("[c.kill() for c in children]; [c.wait() for c in children]; children.clear()"), (0, told * 4))
        self.assertEqual(self.processes("1"), (0, told * 1))
        self.assertEqual(self.run_measured("import ctypes\nctypes.CDLL(None).unshare(0x10000000)")["processes"]["started"], 0)

    def file_calls(self, **query):
        """Reads and writes of files that one cell takes the server, as the kernel counts them: the fewest of some."""
        def counts():
            with open(f"/proc/{self.pool.process.pid}/io", encoding="ascii") as file:
                return [int(line.split()[1]) for line in file if line.startswith("sysc")]
        seen = [(counts(), self.pool.call("POST", "/executions", self.id, body={"code": "1"}, **query).json, counts()) for _ in range(8)]
        return [min(after[i] - before[i] for before, _, after in seen) for i in (0, 1)], seen[0][1].get("effects")

    def test_rp54_a_report_makes_no_call_whose_answer_is_known(self):
        """RP-54: it reads each gauge, the processor's twice, and sets one back: a runner that is alone is not counted again."""
        _, (plain, _), (told, effects) = self.run_measured("1"), self.file_calls(), self.file_calls(report="sallyport")
        memory, processor = "memoryPeakBytes" in effects, "cpuMicroseconds" in effects
        self.assertEqual([n - m for n, m in zip(told, plain)], [memory + 2 * processor, memory])

    def test_rp54_what_the_code_says_of_its_processes_changes_nothing(self):
        """RP-54: neither by what it prints nor by hiding them: a process that nobody waits for and that leaves its group counts."""
        code = ("import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: os._exit(0)\n    os._exit(0)\nos.wait()\n"
                "print('{\"processes\": {\"started\": 0}}')")
        self.assertEqual(self.processes(code)[0], 2)

    def test_rp54_a_storm_of_forks_costs_its_session_not_the_server(self):
        """RP-54: others are served while one starts processes as fast as it can, at the limit of its processes, too; all are counted."""
        storm = "import os\nfor _ in range(1100): os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)"
        bomb = ("import os, signal, threading\ndef bomb():\n    for _ in range(100):\n        try: pid = os.fork()\n"
                "        except OSError: continue\n        if pid == 0: signal.pause()\n"
                "threads = [threading.Thread(target=bomb) for _ in range(4)]\n[t.start() for t in threads]; [t.join() for t in threads]")
        for code, count in ((storm, 1100), (bomb, 400)):
            with concurrent.futures.ThreadPoolExecutor(1) as threads:
                call = threads.submit(self.processes, code)
                other = fresh()
                for _ in range(20):
                    self.assertEqual(self.value("1", other), 1)
                self.assertGreaterEqual(call.result()[0], count)

    def test_rp54_hosts_are_the_codes_own_word_beside_the_measured_count(self):
        """RP-54: whom the code names when it wants to reach somebody, with port and count, apart from what was measured."""
        effects = self.run_measured(
            "import socket, urllib.request\n"
            "for url in ('http://one.example:8080/x', 'https://two.example/') * 2:\n"
            "    try: urllib.request.urlopen(url, timeout=5)\n    except OSError: pass\n"
            "try: socket.gethostbyname('three.example')\nexcept OSError: pass\n"
            "try: socket.socket()\nexcept OSError: pass\n"
            "a, b = socket.socketpair()\ntry: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, a.detach()).connect(('10.0.0.1', 99))\n"
            "except OSError: pass")
        self.assertEqual(effects["ownWord"], {"hosts": [
            {"host": "one.example", "port": "8080", "count": 2}, {"host": "two.example", "port": "443", "count": 2},
            {"host": "three.example", "count": 1}, {"host": "10.0.0.1", "port": "99", "count": 1}]})
        self.assertEqual(effects["network"]["attempts"], 1)
        self.assertEqual(self.run_measured("print('hi')")["ownWord"], {"hosts": []})
        paths = "import socket\nfor path in ('/tmp/none', '\\0none'):\n    try: socket.socket(socket.AF_UNIX).connect(path)\n    except OSError: pass"
        self.assertEqual(self.run_measured(paths)["ownWord"], {"hosts": []})
        self.assertNotIn("hosts", str(self.pool.run(self.id, "print('hi')").json))

    def test_rp54_the_list_of_hosts_is_bounded(self):
        """RP-54: long names are cut, more than the list has are counted, and what is no name is none."""
        effects = self.run_measured(
            "import socket\nfor n in range(70):\n    try: socket.getaddrinfo(f'h{n}' + '.' + 'x.' * 400 + 'x', n)\n    except (OSError, UnicodeError): pass\n"
            "for odd in (None, b'', ''):\n    try: socket.getaddrinfo(odd, 80)\n    except OSError: pass")
        own = effects["ownWord"]
        self.assertEqual((len(own["hosts"]), own["moreHosts"]), (64, 6))
        self.assertEqual({len(host["host"]) for host in own["hosts"]}, {255})

    def test_rp54_code_can_forge_its_own_word_and_nothing_else(self):
        """RP-54: a forged list is shown as what it is, and the measured count stands beside it, unchanged."""
        tries = ("import socket\nfor _ in range(3):\n    try: socket.create_connection(('evil.example', 443), 1)\n    except OSError: pass\n"
                 "    try: socket.socket()\n    except OSError: pass\n")
        honest = self.run_measured(tries)
        self.assertEqual(honest["ownWord"]["hosts"], [{"host": "evil.example", "port": "443", "count": 3}])
        forged = self.run_measured(tries + "import _sallyport.hosts as h\nh.state.hosts.clear(); h.state.hosts['good.example', '1'] = 7")
        self.assertEqual(forged["ownWord"]["hosts"], [{"host": "good.example", "port": "1", "count": 7}])
        self.assertEqual((honest["network"]["attempts"], forged["network"]), (3, honest["network"]))
        broken = self.run_measured(tries + "h.as_members = lambda: {'hosts': [{'host': 5}, {'host': 'x\\x00', 'count': 1}, 3], 'network': {'attempts': 0}}")
        self.assertEqual(broken["ownWord"], {"hosts": [{"host": "x\0", "count": 1}], "moreHosts": 2})
        self.assertEqual(broken["network"], honest["network"])
        silent = self.run_measured(tries + "h.as_members = lambda: {}")
        self.assertNotIn("ownWord", silent)
        self.assertIn("ownWord", silent["notReported"])
        self.assertEqual(silent["network"], honest["network"])

    def test_rp54_what_a_child_names_stays_a_count(self):
        """RP-54: nobody hears of a child's hosts; its attempts are counted all the same."""
        effects = self.run_measured("import subprocess, sys\nsubprocess.run([sys.executable, '-c', "
                                    "'import socket\\ntry: socket.create_connection((\"child.example\", 80))\\nexcept OSError: socket.socket()'], stderr=subprocess.DEVNULL)")
        self.assertEqual(effects["ownWord"], {"hosts": []})
        self.assertEqual(effects["network"]["attempts"], 1)

    def test_rp54_memory_and_time_or_their_names(self):
        """RP-54: the peak is that of this run and of no other; what the machine does not tell is named."""
        large = self.run_measured("held = bytearray(64 << 20); del held")
        small = self.run_measured("1")
        for effects in (large, small):
            self.assertGreater(effects["wallMicroseconds"], 0)
            for member in ("cpuMicroseconds", "memoryPeakBytes"):
                self.assertNotEqual(member in effects, member in effects["notReported"])
        if "memoryPeakBytes" in large:
            self.assertGreater(large["memoryPeakBytes"], 64 << 20)
            self.assertLess(small["memoryPeakBytes"], 64 << 20)

    def test_rp54_what_a_dying_session_tried_is_told(self):
        """RP-54: also of a run that takes its session along."""
        effects = self.run_measured("import socket, os\ntry: socket.socket()\nfinally: os._exit(1)")
        self.assertEqual(effects["network"]["attempts"], 1)

    def test_rp54_a_storm_of_refused_calls_costs_its_session_not_the_server(self):
        """RP-54: others are served while one storms, and the storm is counted to its end."""
        storm = ("import socket, threading\ndef storm(n):\n    for _ in range(n):\n        try: socket.socket()\n"
                 "        except OSError: pass\nthreads = [threading.Thread(target=storm, args=(700,)) for _ in range(4)]\n"
                 "[t.start() for t in threads]; [t.join() for t in threads]")
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            call = threads.submit(self.run_measured, storm)
            other = fresh()
            for _ in range(20):
                self.assertEqual(self.value("1", other), 1)
            self.assertEqual(call.result()["network"]["attempts"], 2800)

    def test_rp54_a_session_that_goes_takes_its_files_along(self):
        """RP-54: of a session that is gone files are not reported, never as none."""
        effects = self.run_measured("open('/mnt/data/x', 'w').write('x'); import os; os._exit(1)")
        self.assertNotIn("files", effects)
        self.assertIn("files", effects["notReported"])
        self.assertEqual(self.run_measured("print('y' * 100000)")["output"]["cutBytes"], 100001 - 65536)


class Ended(PoolTest):
    def ended(self, code, identifier=None, **members):
        body = {"code": code, **members}
        answer = self.pool.call("POST", "/executions", identifier or self.id, body=body, report="sallyport")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["ended"]

    def test_rp54_each_end_has_its_word(self):
        """RP-54: why a run ended, whatever the vendor's status says."""
        self.assertEqual(self.ended("1"), "completed")
        self.assertEqual(self.ended("1/0"), "raised")
        self.assertEqual(self.ended("while True: pass", timeoutInSeconds=1), "timed-out")
        self.assertEqual(self.ended("import os; os._exit(3)"), "exited")
        self.assertEqual(self.ended("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "killed")
        self.assertEqual(self.ended("'x' * (12 << 20)"), "completed")
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            call = threads.submit(self.ended, "open('/mnt/data/in', 'w')\n" + HELD)
            wait_until(lambda: self.pool.call("GET", "/files/in", self.id).status == 200)
            self.pool.call("DELETE", "/session", self.id)
            self.assertEqual(call.result(), "released")

    def test_rp54_without_the_wish_the_answer_is_the_vendors(self):
        """RP-54: nobody gets a member that he did not ask for."""
        answer = self.pool.run(self.id, "print('hi')").json
        self.assertEqual({"ended", "effects"} & set(answer), set())
        self.assertEqual({"ended", "effects"} & set(self.pool.legacy(self.id, "1").json), set())
        answer = self.pool.call("POST", "/executions", fresh(), body={"code": "print('hi')"}, report="sallyport").json
        self.assertEqual(answer["effects"]["output"], {"stdoutBytes": 3, "stderrBytes": 0, "cutBytes": 0})


class OlderContract(PoolTest):
    FORGED = "print('\\n}, \"ended\": \"completed\", \"effects\": {}}')\n{'ended': 'completed', 'effects': {'network': {'attempts': 0}}}"

    def run_legacy(self, code, **headers):
        body = {"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": code}}
        return self.pool.call("POST", "/code/execute", self.id, V1, body, headers, report="sallyport")

    def test_rp54_the_older_contract_has_a_report_beside_its_properties(self):
        """RP-54: its members stand where nothing of a session's can; the properties are the vendor's."""
        plain = self.pool.legacy(self.id, "import socket\nprint('hi')").json
        answer = self.run_legacy("print('hi')").json
        self.assertEqual(set(answer["properties"]), set(plain["properties"]))
        self.assertEqual((answer["ended"], answer["effects"]["network"]["attempts"]), ("completed", 0))
        forged = self.run_legacy("try: socket.socket()\nexcept OSError: pass\n" + self.FORGED)
        self.assertEqual((forged.json["ended"], forged.json["effects"]["network"]["attempts"]), ("completed", 1))

    def test_rp62_a_call_of_the_older_contract_is_cancelled(self):
        """RP-62: by the id that its caller chose."""
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            call = threads.submit(self.run_legacy, HELD, **{"operation-id": "mine"})
            wait_until(lambda: self.pool.call("GET", "/executions/mine", self.id).body.find(b'"Running"') > 0)
            self.assertEqual(self.pool.call("POST", "/executions/mine/cancel", self.id).status, 202)
            self.assertEqual(call.result().json["ended"], "cancelled")


if __name__ == "__main__":
    unittest.main(verbosity=2)
