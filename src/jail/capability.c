/* SPDX-License-Identifier: MIT */
/* capability.c — plain kernel calls instead of libcap-ng: in a session this runs between fork and confinement,
 * where libcap-ng would read /proc and allocate. */
#include "jail/capability.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum status failed(const char *what, struct err *err)
{
    return err_set(err, STATUS_IO, "%s: %s", what, strerror(errno));
}

static int get_sets(struct __user_cap_data_struct sets[2])
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    return (int)syscall(SYS_capget, &head, sets);
}

bool capability_privileged(void)
{
    struct __user_cap_data_struct sets[2] = {0};
    const unsigned needed = 1u << CAP_SYS_ADMIN | 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_SETPCAP |
                            1u << CAP_DAC_OVERRIDE | 1u << CAP_MKNOD | 1u << CAP_SYS_CHROOT;
    return get_sets(sets) == 0 && (sets[0].effective & needed) == needed && geteuid() == 0;
}

/* ORDER: NO_SETUID_FIXUP first, so that the change of user leaves the capabilities to the steps that still need
 * them; groups before the user. */
enum status capability_switch_user(uid_t uid, gid_t gid, struct err *err)
{
    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0) < 0)
        return failed("securebits", err);
    if (setgroups(0, NULL) < 0)
        return failed("setgroups", err);
    if (setresgid(gid, gid, gid) < 0)
        return failed("setresgid", err);
    if (setresuid(uid, uid, uid) < 0)
        return failed("setresuid", err);
    return STATUS_OK;
}

/* From no_new_privs on no exec can add to the sets again. */
enum status capability_limit(unsigned long long keep, struct err *err)
{
    struct __user_cap_data_struct sets[2] = {0};
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    if (get_sets(sets) < 0)
        return failed("capget", err);
    for (int i = 0; i < 2; i++) {
        sets[i].permitted &= (uint32_t)(keep >> 32 * i);
        sets[i].effective = sets[i].permitted;
        sets[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &head, sets) < 0)
        return failed("capset", err);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("no_new_privs", err);
    return STATUS_OK;
}

static enum status drop_bounding_set(struct err *err)
{
    for (int cap = 0; cap < 64; cap++) {
        int there = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
        if (there < 0)
            return STATUS_OK; /* past the last one this kernel knows */
        if (there && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return failed("bounding set", err);
    }
    return STATUS_OK;
}

/* ORDER: the bounding set and the securebits need CAP_SETPCAP, so they come before the sets are emptied. At the
 * end it is looked whether it is so: nothing else here would notice a kernel that kept one. */
enum status capability_drop(struct err *err)
{
    struct __user_cap_data_struct sets[2] = {0};
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    if (get_sets(sets) < 0)
        return failed("capget", err);
    if (sets[0].effective & 1u << CAP_SETPCAP) {
        enum status status = drop_bounding_set(err);
        if (status != STATUS_OK)
            return status;
        const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                   SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
        if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
            return failed("securebits", err);
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return failed("ambient set", err);
    memset(sets, 0, sizeof sets);
    if (syscall(SYS_capset, &head, sets) < 0)
        return failed("capset", err);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("no_new_privs", err);
    if (get_sets(sets) < 0 || sets[0].effective || sets[0].permitted || sets[0].inheritable ||
        sets[1].effective || sets[1].permitted || sets[1].inheritable)
        return err_set(err, STATUS_INTERNAL, "a capability survived");
    return STATUS_OK;
}
