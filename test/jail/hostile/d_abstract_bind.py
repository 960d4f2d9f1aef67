# SPDX-License-Identifier: MIT
# group: D  outside:  pair: d_abstract_connect
# One end of a socketpair may take an abstract name. Only this session may find it.
import socket
ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
try:
    ends[0].bind("\0sallyport-canary")
    print("bound")
except OSError as error:
    print("not bound", error)
verdict(True, "bind-tried")
