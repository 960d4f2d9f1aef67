# SPDX-License-Identifier: MIT
# group: G
# harm: none, but nothing in it is refused either: it holds the runner to its word
# A thread started by a cell lives on after it (the driver asks again).
import threading
beats = []
def beat():
    while True:
        beats.append(time.monotonic())
        time.sleep(0.01)
threading.Thread(target=beat, daemon=True).start()
verdict(True, "started")
