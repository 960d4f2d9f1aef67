# SPDX-License-Identifier: MIT
# group: D  pair: -
# Runs in a neighbour of d_abstract_bind, while that one lives.
import socket
ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
raises("connect", lambda: ends[0].connect("\0sallyport-canary"), "ECONNREFUSED", "EPERM", "EISCONN")
def send():
    ends[1].sendto(b"x", "\0sallyport-canary")
raises("send", send, "ECONNREFUSED", "EPERM", "EISCONN")
