# SPDX-License-Identifier: MIT
# group: H  files: link up/passwd chain/link fifo one two socket folder magic ../../etc/passwd /etc/passwd  outside: link up chain two magic swap
# What a session can plant for whoever reads and writes its files by name. The pool must open none of it; a reader
# without care (outside) follows.
import socket, threading
os.chdir("/mnt/data")
open("one", "w").write("two names, one file")
os.link("one", "two")
os.symlink(CANARY, "link")
os.symlink("/etc", "up")
os.mkdir("folder")
os.symlink(CANARY, "folder/link")
os.symlink("folder", "chain")
os.mkfifo("fifo")
mailbox = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
mailbox[0].bind("socket")
kept = open("kept", "w+")
kept.write("by a magic link")
kept.flush()
os.symlink(f"/proc/{os.getpid()}/fd/{kept.fileno()}", "magic")
def swap():
    while True:
        open("new", "w").write("harmless")
        os.rename("new", "swap")
        os.symlink(CANARY, "new")
        os.rename("new", "swap")
if OUTSIDE:
    for name in ("link", "up/passwd", "chain/link", "two", "magic"):
        verdict(not open(name).read(), name.split("/")[0])
open("swap", "w").write("harmless")
threading.Thread(target=swap, daemon=True).start()
end = time.monotonic() + 20
while OUTSIDE and time.monotonic() < end:
    if "secret" in open("swap").read():
        verdict(False, "swap")
        break
verdict(True, "planted")
