# SPDX-License-Identifier: MIT
"""PID 1 of the control experiment: runs one hostile program without a jail, where it can harm nobody.

The driver (hostile_test.py outside) starts this text inside namespaces of its own (user, mount, pid, net, ipc, uts) as
an unprivileged user and hands it one JSON argument:

    program, pair   the program's text, and that of the neighbour that runs beside it or null
    token           a word in the command line of what the program leaves behind
    cage            settings of the program's header, see SETTINGS
    port            where a listener waits on 127.0.0.1
    keep            a folder below /tmp that stays visible

What the program could not do in a session shows in its own output as `OPEN name`. What only an onlooker can see is
added in the same form by watch(): how it ended, who survived it, what came out of its control socket.
"""
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time

ORDER = json.loads(sys.argv[1])
SETTINGS = {
    "as": 640,  # address space of the program, MiB: what a memory bomb may take at most
    "cpu": 60,  # seconds of processor time
    "runs": 60,  # seconds until a program that still runs is said to run on
    "tail": 0,  # 1: sleep after the program, so that it lives while its sockets are looked at
    "deaf": 0,  # 1: once it ignores or blocks SIGINT and SIGTERM, send both
    "size": 96,  # MiB of each writable place
}
SETTINGS.update({key: int(value) for key, value in ORDER["cage"].items()})
CONTROL, FOLDER = 255, 7  # descriptors of the program: a session's control socket; a folder that was left open
FILE_SYSTEMS = ("/tmp", "/var/tmp", "/dev/shm", "/mnt", "/opt", "/srv")
libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def build():
    """Every place the program can write to is thrown away with this namespace."""
    must(libc.mount(None, b"/", None, 0x44000, None), "make private")  # MS_REC | MS_PRIVATE
    kept = os.open(ORDER["keep"], os.O_PATH | os.O_DIRECTORY)
    options = f"size={SETTINGS['size']}m,nr_inodes=20000,mode=1777".encode()
    for path in FILE_SYSTEMS:
        if os.path.isdir(path):
            must(libc.mount(b"tmpfs", path.encode(), b"tmpfs", 6, options), path)  # nosuid, nodev
    os.makedirs(ORDER["keep"], exist_ok=True)
    must(libc.mount(f"/proc/self/fd/{kept}".encode(), ORDER["keep"].encode(), None, 0x1000, None), "bind")  # MS_BIND
    os.close(kept)
    os.makedirs("/mnt/data")
    os.chdir("/mnt/data")
    with socket.socket() as s:  # lo is down in a new network namespace
        fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 0x41))  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
    return socket.create_server(("127.0.0.1", ORDER["port"]))


def limit():
    """Wider than a session's limits, and tight all the same."""
    rows = {resource.RLIMIT_NOFILE: 2048, resource.RLIMIT_NPROC: 300, resource.RLIMIT_CORE: 0,
            resource.RLIMIT_AS: SETTINGS["as"] << 20, resource.RLIMIT_FSIZE: 256 << 20, resource.RLIMIT_SIGPENDING: 2048}
    for name, value in rows.items():
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (SETTINGS["cpu"], SETTINGS["cpu"] + 5))  # SIGXCPU before SIGKILL


# An interpreter with an innocent's manners: it runs the cell and shows the last expression's value, whatever it is.
NAIVE = """
import ast, os, sys, time
def cell(text):
    names = {"__name__": "__main__", "__builtins__": __builtins__}
    tree = ast.parse(text)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
    if value is not None:
        sys.stdout.write(repr(value) + "\\n")
    sys.stdout.flush()
    return names
kept = cell(sys.argv[1])
if sys.argv[2]:
    pid = os.fork()
    if pid == 0:
        cell(sys.argv[2])
        os._exit(0)
    os.waitpid(pid, 0)
if int(sys.argv[3]):
    time.sleep(600)
"""


def start():
    """The program as a child with a control socket; our end of that."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        folder = os.open("/usr/share", os.O_RDONLY | os.O_DIRECTORY)
        for fd, place in ((theirs.fileno(), CONTROL), (folder, FOLDER)):
            os.dup2(fd, place)
            os.set_inheritable(place, True)  # it may have been there already
        os.closerange(FOLDER + 1, CONTROL)
        os.closerange(3, FOLDER)
        limit()
        os.execv("/usr/bin/python3", ["python3", "-c", NAIVE, ORDER["program"], ORDER["pair"] or "", str(SETTINGS["tail"])])
    theirs.close()
    ours.setblocking(False)
    return pid, ours


def bystander():
    """Somebody of the same user, who has done nothing."""
    pid = os.fork()
    if pid == 0:
        while True:
            signal.pause()
    return pid


def tell(name, what=""):
    os.write(1, f"\nOPEN {name} {what}\n".encode())


def deaf(pid):
    """True if the process ignores or blocks both signals that ask it to end."""
    wanted = 1 << signal.SIGINT - 1 | 1 << signal.SIGTERM - 1
    with open(f"/proc/{pid}/status") as f:
        masks = [int(line.split()[1], 16) for line in f if line.startswith(("SigBlk", "SigIgn"))]
    return masks[0] & wanted == wanted or masks[1] & wanted == wanted


class Onlooker:
    def __init__(self, pid, control):
        self.pid, self.control = pid, control
        self.begin = time.monotonic()
        self.received = 0
        self.mute = self.signalled = False

    def lives_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return False
            time.sleep(0.01)
        return True

    def read_control(self):
        try:
            data = self.control.recv(1 << 16)
        except BlockingIOError:
            return
        if not data and not self.mute:
            self.mute = True
            if SETTINGS["tail"] and self.lives_on(1):
                tell("mute", "the control socket closed while the program lives")
                os.kill(self.pid, signal.SIGKILL)
        if b"forged" in data:
            tell("forged")
        if b"\xff" * 64 in data:
            tell("garbage")
        self.received += len(data)

    def look(self):
        """Until the program has ended; its wait status."""
        while True:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return status
            select.select([] if self.mute else [self.control], [], [], 0.02)
            self.read_control()
            if self.signalled:
                continue
            if SETTINGS["deaf"] and deaf(self.pid):
                self.signalled = True
                os.kill(self.pid, signal.SIGINT)
                os.kill(self.pid, signal.SIGTERM)
                if self.lives_on(0.2):
                    tell("deaf", "it lives after SIGINT and SIGTERM")
                os.kill(self.pid, signal.SIGKILL)
            elif time.monotonic() - self.begin > SETTINGS["runs"]:
                self.signalled = True
                tell("runs-on")
                os.kill(self.pid, signal.SIGKILL)


def survivors():
    found = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as f:
                found += ORDER["token"].encode() in f.read().split(b"\0")
        except OSError:
            pass
    return found


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which PID 1 never meets
    listener = build()
    witness = bystander()
    pid, control = start()
    onlooker = Onlooker(pid, control)
    status = onlooker.look()
    onlooker.read_control()
    code = os.waitstatus_to_exitcode(status)
    tell(f"signal-{signal.Signals(-code).name}" if code < 0 else f"exit-{code}")
    if survivors():
        tell("survivors", survivors())
    if os.waitpid(witness, os.WNOHANG)[0]:
        tell("bystander", "was killed")
    listener.close()


main()
