# SPDX-License-Identifier: MIT
# group: B  harm: the rules are the jail's own; without one there is nothing to be refused by
# Outside the folders of its rules nothing is read or run, by path or by a descriptor that is only a place.
for path in ("/run/zygote", "/run/folders"):
    raises("read-" + path, lambda: os.open(path, os.O_RDONLY), "EACCES")
    place = os.open(path, os.O_PATH)
    raises("by-place-" + path, lambda: os.open(f"/proc/self/fd/{place}", os.O_RDONLY), "EACCES")
    refused("exec-" + path, call(322, place, b"", None, None, 0x1000), "EACCES")
raises("exec-by-path", lambda: os.execv("/run/zygote", ["zygote"]), "EACCES")
for folder in ("/run", "/home", "/root", "/opt", "/srv", "/var", "/mnt", "/usr", "/"):
    raises("make-in-" + folder, lambda: os.mkdir(folder + "/x"), "EACCES", "EROFS")
top = os.open("/run", os.O_PATH)
raises("above-the-top", lambda: os.open("../../../../etc/shadow", os.O_RDONLY, dir_fd=top), "ENOENT", "EACCES")
