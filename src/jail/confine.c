/* SPDX-License-Identifier: MIT */
/* confine.c — rules of Landlock are gathered from the table and the caller's folders, the list of calls goes on
 * last. What the process may do as another user is asked by a child that becomes that user. */
#include "jail/confine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/landlock.h"
#include "jail/server_filter.h"

#define RULES_MAX 64

/* What libc, OpenSSL and libcurl read at run time; whatever is not on the machine is left out. */
static const struct landlock_rule system_rules[] = {
    /* libraries that are loaded late: name service, OpenSSL's providers */
    {"/usr/lib", LANDLOCK_READ, -1},
    {"/lib", LANDLOCK_READ, -1},
    {"/lib64", LANDLOCK_READ, -1},
    {"/etc/ld.so.cache", LANDLOCK_READ, -1},
    /* names and addresses */
    {"/etc/resolv.conf", LANDLOCK_READ, -1},
    {"/run/systemd/resolve", LANDLOCK_READ, -1},
    {"/etc/hosts", LANDLOCK_READ, -1},
    {"/etc/host.conf", LANDLOCK_READ, -1},
    {"/etc/nsswitch.conf", LANDLOCK_READ, -1},
    {"/etc/gai.conf", LANDLOCK_READ, -1},
    {"/etc/services", LANDLOCK_READ, -1},
    {"/etc/protocols", LANDLOCK_READ, -1},
    /* certificates */
    {"/etc/ssl/certs", LANDLOCK_READ, -1},
    {"/etc/ssl/openssl.cnf", LANDLOCK_READ, -1},
    {"/usr/share/ca-certificates", LANDLOCK_READ, -1},
    {"/usr/local/share/ca-certificates", LANDLOCK_READ, -1},
    /* time zones */
    {"/etc/localtime", LANDLOCK_READ, -1},
    {"/usr/share/zoneinfo", LANDLOCK_READ, -1},
    /* itself, memory, processors */
    {"/proc/self", LANDLOCK_READ, -1},
    {"/proc/meminfo", LANDLOCK_READ, -1},
    {"/proc/stat", LANDLOCK_READ, -1},
    {"/proc/sys/vm", LANDLOCK_READ, -1},
    {"/proc/sys/kernel/random", LANDLOCK_READ, -1},
    {"/proc/sys/net/core/somaxconn", LANDLOCK_READ, -1},
    {"/sys/devices/system/cpu", LANDLOCK_READ, -1},
    {"/sys/fs/cgroup", LANDLOCK_READ, -1},
    {"/dev/null", LANDLOCK_DEVICE, -1},
    {"/dev/urandom", LANDLOCK_READ, -1},
    {"/dev/random", LANDLOCK_READ, -1},
    {"/dev/tty", LANDLOCK_DEVICE, -1},
};

static size_t add_paths(struct landlock_rule *rules, size_t count, const char *const *paths,
                        enum landlock_access access)
{
    for (; paths && *paths && count < RULES_MAX; paths++)
        rules[count++] = (struct landlock_rule){*paths, access, -1};
    return count;
}

static enum status enter_landlock(const struct confine_options *options, struct err *err)
{
    struct landlock_rule rules[RULES_MAX];
    size_t count = ARRAY_SIZE(system_rules);
    memcpy(rules, system_rules, sizeof system_rules);
    if (options->data_dir)
        rules[count++] = (struct landlock_rule){options->data_dir, LANDLOCK_WRITE, -1};
    if (options->data_root)
        rules[count++] = (struct landlock_rule){options->data_root, LANDLOCK_WRITE, -1};
    count = add_paths(rules, count, options->write_paths, LANDLOCK_WRITE);
    count = add_paths(rules, count, options->read_paths, LANDLOCK_READ);
    return landlock_enter(rules, count, LANDLOCK_SCOPED, err);
}

/* Besides what the server reads. ORDER of looking: the kernel adds up what all rules of a path allow. */
static const struct landlock_rule launcher_rules[] = {
    {"/usr/lib", LANDLOCK_EXECUTE, -1}, /* the loader is a program to the kernel */
    {"/lib", LANDLOCK_EXECUTE, -1},
    {"/lib64", LANDLOCK_EXECUTE, -1},
    {"/proc/self/exe", LANDLOCK_EXECUTE, -1},
    {"/proc", LANDLOCK_READ, -1}, /* an app's own folder is not there yet */
};

enum status confine_enter_launcher(uid_t uid, struct err *err)
{
    struct landlock_rule rules[ARRAY_SIZE(system_rules) + ARRAY_SIZE(launcher_rules)];
    memcpy(rules, system_rules, sizeof system_rules);
    memcpy(rules + ARRAY_SIZE(system_rules), launcher_rules, sizeof launcher_rules);
    enum status status = uid ? capability_switch_user(uid, uid, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = capability_drop(err);
    if (status == STATUS_OK && landlock_abi() > 0)
        status = landlock_enter(rules, ARRAY_SIZE(rules), LANDLOCK_SCOPED, err);
    /* Secrets of apps pass through it; an exec makes an app's own memory readable to its user again. */
    if (status == STATUS_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        status = err_set(err, STATUS_IO, "dumpable: %s", strerror(errno));
    return status == STATUS_OK ? STATUS_OK : err_wrap(err, "confine");
}

/* In a child that becomes the user and answers by its exit code. */
static bool ask_as_user(uid_t uid, const char *folder, int mode)
{
    pid_t pid = fork();
    if (pid == 0) {
        bool good = capability_switch_user(uid, uid, NULL) == STATUS_OK && capability_drop(NULL) == STATUS_OK;
        if (good && folder)
            good = access(folder, mode) == 0;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

bool confine_user_can(uid_t uid, const char *folder, int mode)
{
    return ask_as_user(uid, folder, mode);
}

bool confine_user_exists(uid_t uid)
{
    return ask_as_user(uid, NULL, 0);
}

static void describe(struct confine_report *report)
{
    if (report->uid == 0)
        snprintf(report->detail, sizeof report->detail, "the server process is root");
    else if (report->landlock_abi == 0)
        snprintf(report->detail, sizeof report->detail,
                 "landlock is off in this kernel: the server's files are protected by its uid alone");
    else if (report->landlock_abi < 6)
        snprintf(report->detail, sizeof report->detail,
                 "landlock ABI %d: abstract sockets are not scoped before ABI 6", report->landlock_abi);
}

/* ORDER: ids while the capabilities are there; rules while files can be looked up; the filter last, since it
 * refuses what the steps before it do. */
enum status confine_enter(const struct confine_options *options, struct confine_report *ret_report,
                          struct err *err)
{
    struct confine_report report = {.landlock_abi = landlock_abi()};
    enum status status = options->uid ? capability_switch_user(options->uid, options->uid, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = capability_drop(err);
    if (status == STATUS_OK && report.landlock_abi > 0)
        status = enter_landlock(options, err);
    /* The server's memory holds its users' data; a process of the same uid shall not read it. */
    if (status == STATUS_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        status = err_set(err, STATUS_IO, "dumpable: %s", strerror(errno));
    if (status == STATUS_OK)
        status = server_filter_enter(err);
    if (status != STATUS_OK)
        return err_wrap(err, "confine");
    report.uid = geteuid();
    report.capabilities = report.filter = true;
    describe(&report);
    *ret_report = report;
    return STATUS_OK;
}
