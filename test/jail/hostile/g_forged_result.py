# SPDX-License-Identifier: MIT
# group: G  end: any  outside: forged
# A result of its own making is taken for what it is: what this session says. It cannot break the framing.
import json, stat, struct
payload = json.dumps({"id": 999, "ok": True, "duration_us": 0, "value": "forged", "outputs": []}).encode()
for fd in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.write(fd, struct.pack("<IB3x", len(payload), 3) + payload)
    except OSError:
        pass
