# SPDX-License-Identifier: MIT
# group: D  outside: inet-1 unix-1 netlink-2 connect-127.0.0.1
# No socket of any family; what a user sees is "network unreachable", at once. Addresses: the test's canaries.
import asyncio, socket, urllib.request
opened, errors = [], {}
# Outside only families that every kernel has built in: asking for others loads modules into the host, and AF_VSOCK is
# never touched there.
FAMILIES, KINDS = ((1, 2, 16), (1, 2)) if OUTSIDE else (range(0, 46), (1, 2, 3, 5))
for family in FAMILIES:
    for kind in KINDS:
        fd = call(41, family, kind, 0)
        name = {2: "inet", 10: "inet6", 1: "unix", 16: "netlink", 17: "packet", 38: "alg", 40: "vsock"}.get(family, str(family))
        refused(f"{name}-{kind}", fd, "ENETUNREACH" if family in (2, 10) else "EAFNOSUPPORT")
        if fd >= 0:
            os.close(fd)
refused("inet-high-bits", call(41, 2 | 1 << 32, 1, 0), "ENETUNREACH", "EAFNOSUPPORT")
for address in ADDRESSES:
    begin = time.monotonic()
    def connect():
        with socket.create_connection((address, PORT), timeout=5):
            pass
    raises("connect-" + address, connect, "ENETUNREACH", "EAFNOSUPPORT")
    verdict(time.monotonic() - begin < 4, "at-once-" + address)
try:
    urllib.request.urlopen("http://canary.invalid/", timeout=5)
    verdict(False, "urlopen")
except OSError as error:
    verdict(True, "urlopen", str(error)[:60])
fds = (ctypes.c_int * 2)()
refused("socketpair-inet", call(53, 2, 1, 0, fds), "EAFNOSUPPORT")
verdict(call(53, 1, 1, 0, fds) == 0, "socketpair-unix")
async def echo():
    return 7
verdict(asyncio.new_event_loop().run_until_complete(echo()) == 7, "asyncio")
