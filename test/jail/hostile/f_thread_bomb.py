# SPDX-License-Identifier: MIT
# group: F  outside: threads  cage: as=8192
import threading
stop, threads, error = threading.Event(), [], None
for _ in range(500):
    thread = threading.Thread(target=stop.wait, daemon=True)
    try:
        thread.start()
    except RuntimeError as caught:
        error = caught
        break
    threads.append(thread)
stop.set()
verdict(error is not None and len(threads) <= 64, "threads", len(threads))
[t.join() for t in threads]
