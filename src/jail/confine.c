/* SPDX-License-Identifier: MIT */
#include "jail/confine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "jail/capability.h"
#include "jail/landlock.h"

#define RULES_MAX 64

/* What libc, OpenSSL and libcurl read at run time. */
static const struct landlock_rule system_rules[] = {
    {"/usr", LANDLOCK_READ, -1},         {"/lib", LANDLOCK_READ, -1},
    {"/lib64", LANDLOCK_READ, -1},       {"/etc", LANDLOCK_READ, -1},
    {"/proc", LANDLOCK_READ, -1},        {"/sys/fs/cgroup", LANDLOCK_READ, -1},
    {"/run", LANDLOCK_READ, -1},         {"/dev/null", LANDLOCK_DEVICE, -1},
    {"/dev/urandom", LANDLOCK_READ, -1}, {"/dev/random", LANDLOCK_READ, -1},
    {"/dev/tty", LANDLOCK_DEVICE, -1},
};

static size_t add_paths(struct landlock_rule *rules, size_t count, const char *const *paths,
                        enum landlock_access access)
{
    for (; paths && *paths && count < RULES_MAX; paths++)
        rules[count++] = (struct landlock_rule){*paths, access, -1};
    return count;
}

static enum status enter_landlock(const struct confine_options *o, struct err *e)
{
    struct landlock_rule rules[RULES_MAX];
    size_t count = ARRAY_SIZE(system_rules);
    memcpy(rules, system_rules, sizeof system_rules);
    if (o->data_dir)
        rules[count++] = (struct landlock_rule){o->data_dir, LANDLOCK_WRITE, -1};
    if (o->data_root)
        rules[count++] = (struct landlock_rule){o->data_root, LANDLOCK_WRITE, -1};
    count = add_paths(rules, count, o->write_paths, LANDLOCK_WRITE);
    count = add_paths(rules, count, o->read_paths, LANDLOCK_READ);
    return landlock_enter(rules, count, false, e);
}

enum status confine_enter(const struct confine_options *o, struct confine_report *ret_report, struct err *e)
{
    struct confine_report report = {.landlock = landlock_abi() > 0};
    enum status s = capability_drop(e);
    if (s == STATUS_OK && report.landlock)
        s = enter_landlock(o, e);
    /* The server's memory holds its users' data; a process of the same uid shall not read it. */
    if (s == STATUS_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        s = err_set(e, STATUS_IO, "dumpable: %s", strerror(errno));
    if (s != STATUS_OK)
        return err_wrap(e, "confine");
    report.capabilities = true;
    if (!report.landlock)
        snprintf(report.detail, sizeof report.detail,
                 "landlock is off in this kernel: the server's files "
                 "are protected by its uid alone");
    *ret_report = report;
    return STATUS_OK;
}
