# SPDX-License-Identifier: MIT
# group: D  pair: d_abstract_connect  outside: connect send
# One end of a socketpair may take an abstract name, and, parted from its peer, listen to anybody. Only this session may
# find it.
import socket
mailbox = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
try:
    mailbox[0].bind("\0sallyport-canary")
    print("bound")
except OSError as error:
    print("not bound", error)
nobody = (ctypes.c_uint16 * 8)()  # AF_UNSPEC: no peer any more
verdict(call(42, mailbox[0].fileno(), nobody, 16) == 0, "parted")
