# SPDX-License-Identifier: MIT
# group: G
# harm: outside the host's own handler of core files may run, as root
# A program that was started anew and dies of a fault leaves no core: neither a file nor a run of the host's handler.
import subprocess
before = set(os.listdir("/mnt/data")) | set(os.listdir("/tmp"))
for _ in range(3):
    program = subprocess.Popen(["/usr/bin/python3", "-S", "-c", "import ctypes; ctypes.string_at(0)"], cwd="/mnt/data",
                               stderr=subprocess.DEVNULL)
    _, status = os.waitpid(program.pid, 0)
    verdict(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, "it-faulted", status)
    verdict(not os.WCOREDUMP(status), "no-core", status)
verdict(set(os.listdir("/mnt/data")) | set(os.listdir("/tmp")) == before, "no-file")
