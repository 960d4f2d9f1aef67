# SPDX-License-Identifier: MIT
# group: E  outside: inotify-file inotify-folder fcntl-notify seen
# All sessions read the same files of /usr. Who could watch those would see what the others import.
queue = call(294, 0o4000)
verdict(queue >= 0 or OUTSIDE, "a-queue-is-allowed", queue)
refused("inotify-file", call(254, queue, b"/usr/bin/env", 0xfff), "ENOSPC")
refused("inotify-folder", call(254, queue, b"/usr/share", 0xfff), "ENOSPC")
signal.signal(signal.SIGIO, signal.SIG_IGN)
refused("fcntl-notify", call(72, os.open("/usr/share", os.O_RDONLY), 1026, 1), "EPERM")
refused("fanotify", call(300, 0x200, 0), "EPERM")
in_child(lambda: os.listdir("/usr/share") and 0)
raises("seen", lambda: os.read(queue, 4096), "EAGAIN")
