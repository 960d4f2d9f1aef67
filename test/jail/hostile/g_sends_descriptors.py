# SPDX-License-Identifier: MIT
# group: G  end: any  ms: 15000  kept: true  harm: there is no pool to send them to outside
# Hundreds of descriptors beside bytes of a frame that never ends: the pool keeps none of them (the driver counts).
import array, socket, struct
number = next(n for n in range(3, 256) if os.path.exists(f"/proc/self/fd/{n}") and os.readlink(f"/proc/self/fd/{n}").startswith("socket"))
control = socket.socket(fileno=os.dup(number))
r, w = os.pipe()
control.setblocking(False)
control.send(struct.pack("<IB3x", 4096, 3))
sent = 0
for _ in range(200):
    try:
        control.sendmsg([b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [r] * 200))])
        sent += 200
    except OSError:
        time.sleep(0.01)
verdict(sent > 1000, "sent", sent)
time.sleep(0.5)
os._exit(0)
