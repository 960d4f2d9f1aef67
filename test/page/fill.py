# SPDX-License-Identifier: MIT
"""Many requests that wait, made by the front door as fast as it takes them."""
import http.client
import json
import threading

CONNECTIONS = 32


def fill(port, count):
    """Makes `count` requests, "Waiting 0" and so on, none of which runs before it is approved. Not quite in the order of their numbers."""
    numbers, faults, lock = iter(range(count)), [], threading.Lock()

    def submit():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None or faults:
                break
            body = json.dumps({"code": f"print({number})", "purpose": f"Waiting {number}", "gate": "before"})
            connection.request("POST", "/v1/requests", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 201:
                faults.append(text)
        connection.close()

    threads = [threading.Thread(target=submit) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise AssertionError(faults[0])
