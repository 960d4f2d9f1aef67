/* SPDX-License-Identifier: MIT */
/* template_stamp.c — a hash of the few files that change with whatever a template is made of: their places in the file system,
 * sizes and times, never their contents: it is taken often. */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "jail/template.h"
#include "runtime/runtime.h"

/* FNV-1a, 64 bits, byte after byte. */
static uint64_t mix_byte(uint64_t hash, unsigned byte)
{
    return (hash ^ byte) * 0x100000001b3ull;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    for (unsigned shift = 0; shift < 64; shift += 8)
        hash = mix_byte(hash, (unsigned)(number >> shift) & 0xff);
    return hash;
}

static uint64_t mix_path(uint64_t hash, const char *path)
{
    struct stat st;
    for (const char *at = path; *at; at++)
        hash = mix_byte(hash, (unsigned char)*at);
    if (stat(path, &st) < 0)
        return hash;
    hash = mix_number(hash, st.st_ino);
    hash = mix_number(hash, (uint64_t)st.st_size);
    hash = mix_number(hash, (uint64_t)st.st_mtim.tv_sec);
    return mix_number(hash, (uint64_t)st.st_mtim.tv_nsec);
}

uint64_t template_stamp(const char *session_paths)
{
    /* A package manager writes its list whenever a package changes. */
    static const char *const signs[] = {"/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite", "/usr/bin",
                                        "/usr/share/fonts"};
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        hash = mix_path(hash, signs[i]);
    for (int id = 0; id < RUNTIMES; id++) {
        const struct runtime *runtime = runtime_row((enum runtime_id)id);
        hash = mix_path(hash, runtime->interpreter);
        hash = mix_path(hash, runtime->package_folder);
    }
    struct bytes rest = bytes_of_cstr(session_paths);
    while (rest.size > 0) {
        struct bytes name = bytes_split(&rest, ',');
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%.*s", BYTES_FMT(name));
        hash = mix_path(hash, path);
    }
    return hash;
}
