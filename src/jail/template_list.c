/* SPDX-License-Identifier: MIT */
/* template_list.c — the table of what all sessions see. A row that is added here, or to a runtime's, is in `sallyport doctor` and in every session; weigh
 * it as one weighs a dependency. No row names a folder that holds settings or data of the host. */
#include "jail/template_list.h"

#include "base/macros.h"
#include "runtime/runtime.h"

/* clang-format off */
static const struct template_row rows[] = {
    {"shells", TEMPLATE_PROGRAM, true, "sh",
     "shell lines: whatever a language runs by system(3)"},
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
    {"library names", TEMPLATE_PROGRAM, false, "ldconfig ldconfig.real",
     "who looks for a library asks it; the list it prints is made from this template"},
    {"loaded by name", TEMPLATE_LIBRARY, false,
     "libgcc_s.so.1 libnss_files.so.2",
     "opened while a program runs, so no file says that it needs them"},
    {"stdbuf", TEMPLATE_FILE, false, "/usr/libexec/coreutils/libstdbuf.so", "preloaded by stdbuf"},
    {"fonts", TEMPLATE_TREE, false, "/usr/share/fonts", "text in figures"},
    {"time zones", TEMPLATE_TREE, false, "/usr/share/zoneinfo", "local times"},
    {"locales", TEMPLATE_TREE, false, "/usr/lib/locale", "text order, upper case, UTF-8 in programs"},
    {"terminals", TEMPLATE_TREE, false, "/usr/lib/terminfo /usr/share/terminfo", "less, curses, readline"},
    {"system name", TEMPLATE_FILE, false, "/usr/lib/os-release", "what a program says of the system"},
};
/* clang-format on */

const struct template_row *template_row(size_t number)
{
    for (int id = 0; id < RUNTIMES; id++) {
        const struct runtime *runtime = runtime_row((enum runtime_id)id);
        if (number < runtime->file_count)
            return &runtime->files[number];
        number -= runtime->file_count;
    }
    return number < ARRAY_SIZE(rows) ? &rows[number] : NULL;
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
