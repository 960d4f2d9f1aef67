/* SPDX-License-Identifier: MIT */
/* told_calls.c — the rows, each with the errno of its row in seccomp_table.h (test/jail holds the two together). */
#include "jail/told_calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/macros.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "told_calls: name this machine's AUDIT_ARCH"
#endif

#define TOLD(call, error)                                                                                    \
    {                                                                                                        \
#call, SYS_##call, error                                                                             \
    }

static const struct told_call calls[] = {
    /* the network */
    TOLD(socket, EAFNOSUPPORT),
    /* namespaces and mounts */
    TOLD(unshare, EPERM),
    TOLD(setns, EPERM),
    TOLD(mount, EPERM),
    TOLD(umount2, EPERM),
    TOLD(pivot_root, EPERM),
    TOLD(chroot, EPERM),
    TOLD(fsopen, EPERM),
    TOLD(open_tree, EPERM),
    TOLD(move_mount, EPERM),
    /* other processes */
    TOLD(ptrace, EPERM),
    TOLD(process_vm_readv, EPERM),
    TOLD(process_vm_writev, EPERM),
    TOLD(pidfd_getfd, EPERM),
    TOLD(kcmp, EPERM),
    /* the kernel */
    TOLD(bpf, EPERM),
    TOLD(perf_event_open, EPERM),
    TOLD(fanotify_init, EPERM),
    TOLD(init_module, EPERM),
    TOLD(finit_module, EPERM),
    TOLD(delete_module, EPERM),
    TOLD(kexec_load, EPERM),
    TOLD(reboot, EPERM),
    TOLD(swapon, EPERM),
    TOLD(acct, EPERM),
    TOLD(syslog, EPERM),
    TOLD(seccomp, EPERM),
    /* keys and handles */
    TOLD(keyctl, EPERM),
    TOLD(add_key, EPERM),
    TOLD(request_key, EPERM),
    TOLD(open_by_handle_at, EPERM),
    TOLD(name_to_handle_at, EPERM),
    /* the clock and the name */
    TOLD(settimeofday, EPERM),
    TOLD(clock_settime, EPERM),
    TOLD(sethostname, EPERM),
};
_Static_assert(ARRAY_SIZE(calls) <= TOLD_CALLS_ROOM, "TOLD_CALLS_ROOM");

/* clone is the last: it is told without CLONE_THREAD only. clone3 answers ENOSYS to everybody. */
static const int starts[] = {
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    SYS_clone,
};
_Static_assert(ARRAY_SIZE(starts) <= TOLD_STARTS_ROOM, "TOLD_STARTS_ROOM");

const struct told_call *told_calls(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(calls);
    return calls;
}

int told_call_find(int number)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        if (calls[i].number == number)
            return (int)i;
    return -1;
}

bool told_call_starts(int number)
{
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        if (starts[i] == number)
            return true;
    return false;
}

/* Users of Python get the message that they expect of a machine without a network. */
int told_call_error(const struct told_call *call, const uint64_t args[6])
{
    int family = (int)args[0];
    const int internet = call->number == SYS_socket && (family == AF_INET || family == AF_INET6);
    return internet ? ENETUNREACH : call->error;
}

/* Of clone's flags the kernel takes the low half (kernel/fork.c), which stands first in memory on both machines. A foreign call
 * convention is for the filter behind: it kills. */
size_t told_calls_program(struct sock_filter ret_code[TOLD_PROGRAM_ROOM])
{
    size_t size = 0;
    const unsigned all = (unsigned)(2 * ARRAY_SIZE(calls) + 2 * ARRAY_SIZE(starts) + 3);
#define ADD(...) ret_code[size++] = (struct sock_filter)__VA_ARGS__
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    ADD(BPF_STMT(BPF_JMP | BPF_JA, all));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr)));
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
    }
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        bool last = i + 1 == ARRAY_SIZE(starts);
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)starts[i], 0, last ? 3 : 1));
        if (last) {
            ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, args)));
            ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0));
        }
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
    }
#undef ADD
    return size;
}
