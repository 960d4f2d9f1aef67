/* SPDX-License-Identifier: MIT */
/* template_list.c — the table. A row that is added here is in `sallyport doctor` and in every session; weigh
 * it as one weighs a dependency. No row names a folder that holds settings or data of the host. */
#include "jail/template_list.h"

#include "base/macros.h"

/* clang-format off */
static const struct template_row rows[] = {
    {"interpreter", TEMPLATE_PROGRAM, true, "python3",
     "programs that a session starts: subprocess, multiprocessing, scripts"},
    {"standard library", TEMPLATE_TREE, true, "/usr/lib/python3.[0-9]*",
     "what the interpreter imports"},
    {"python packages", TEMPLATE_TREE, false, "/usr/lib/python3/dist-packages /usr/lib64/python3.[0-9]*",
     "numpy, pandas, matplotlib, IPython and what else the system's packages bring"},
    {"shells", TEMPLATE_PROGRAM, true, "sh",
     "os.system and subprocess with shell=True"},
    {"shell", TEMPLATE_PROGRAM, false, "bash dash",
     "shell cells, scripts that name them"},
    {"core programs", TEMPLATE_PROGRAM, false,
     "[ arch b2sum base32 base64 basename basenc cat chmod cksum comm cp csplit cut date dd df dir dirname du "
     "echo env expand expr factor false fmt fold groups head hostname id install join kill link ln ls md5sum "
     "mkdir mkfifo mktemp mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf ps ptx pwd "
     "readlink realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort "
     "split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname "
     "unexpand uniq unlink uptime wc whoami yes",
     "what shell lines are made of; none of them can do more than the session's own code"},
    {"text programs", TEMPLATE_PROGRAM, false,
     "awk cmp column diff diff3 egrep fgrep find getopt grep less more rev sdiff sed which xargs",
     "searching and changing text"},
    {"archives", TEMPLATE_PROGRAM, false,
     "bunzip2 bzcat bzip2 gunzip gzip lzcat lzma tar unlzma unxz unzip unzstd xz xzcat zcat zip zstd zstdcat",
     "uploads and results come packed"},
    {"python tools", TEMPLATE_PROGRAM, false, "pip pip3 ipython3",
     "installing an uploaded wheel without a network"},
    {"library names", TEMPLATE_PROGRAM, false, "ldconfig ldconfig.real",
     "ctypes.util.find_library asks it; the list it prints is made from this template"},
    {"loaded by name", TEMPLATE_LIBRARY, false,
     "libgcc_s.so.1 libnss_files.so.2 libopenblas.so.0 libblas.so.3 liblapack.so.3 "
     "libsqlite3.so.0 libffi.so.8",
     "opened while a program runs, so no file says that it needs them"},
    {"for wheels", TEMPLATE_LIBRARY, false,
     "libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libutil.so.1 libpthread.so.0 libresolv.so.2 libnsl.so.1 "
     "libstdc++.so.6 libgomp.so.1 libatomic.so.1 libz.so.1",
     "what an uploaded wheel may expect (PEP 600, manylinux)"},
    {"stdbuf", TEMPLATE_FILE, false, "/usr/libexec/coreutils/libstdbuf.so", "preloaded by stdbuf"},
    {"fonts", TEMPLATE_TREE, false, "/usr/share/fonts", "text in figures"},
    {"plot data", TEMPLATE_TREE, false, "/usr/share/matplotlib/mpl-data", "matplotlib's styles and fonts"},
    {"time zones", TEMPLATE_TREE, false, "/usr/share/zoneinfo", "zoneinfo, dateutil, pytz"},
    {"locales", TEMPLATE_TREE, false, "/usr/lib/locale", "text order, upper case, UTF-8 in programs"},
    {"wheels of pip", TEMPLATE_TREE, false, "/usr/share/python-wheels", "python3 -m venv"},
    {"terminals", TEMPLATE_TREE, false, "/usr/lib/terminfo /usr/share/terminfo", "less, curses, readline"},
    {"system name", TEMPLATE_FILE, false, "/usr/lib/os-release", "platform.freedesktop_os_release"},
};
/* clang-format on */

const struct template_row *template_rows(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(rows);
    return rows;
}

const char *template_kind_name(enum template_kind kind)
{
    static const char *const names[] = {
        [TEMPLATE_TREE] = "tree",
        [TEMPLATE_FILE] = "file",
        [TEMPLATE_PROGRAM] = "program",
        [TEMPLATE_LIBRARY] = "library",
    };
    return names[kind];
}
