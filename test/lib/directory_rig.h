/* SPDX-License-Identifier: MIT */
/* directory_rig.h — for tests: a directory in a folder of its own, on a loop of its own. */
#ifndef LIB_DIRECTORY_RIG_H
#define LIB_DIRECTORY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/directory/directory.h"

struct directory_rig {
    struct loop *loop;
    struct directory *directory;
    char folder[64];
    bool made; /* the last open made the directory */
};

static inline void directory_rig_open(struct directory_rig *rig, int64_t now_ns)
{
    struct err err = {0};
    const struct directory_options options = {.folder = rig->folder, .now_ns = now_ns};
    if (directory_open(rig->loop, &options, &rig->directory, &rig->made, &err) != STATUS_OK)
        fail_msg("%s", err.text);
}

static inline void directory_rig_start(struct directory_rig *rig, int64_t now_ns)
{
    struct err err = {0};
    assert_int_equal(loop_create(&rig->loop, &err), STATUS_OK);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/directory_rig.XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    directory_rig_open(rig, now_ns);
}

/* Nothing but the store's own files may be left in the folder. */
static inline void directory_rig_stop(struct directory_rig *rig)
{
    static const char *const files[] = {"directory.db", "directory.db-wal", "directory.db-shm",
                                        "directory.db.lock"};
    directory_close(rig->directory);
    loop_destroy(rig->loop);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", rig->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
}

#endif
