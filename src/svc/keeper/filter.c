/* SPDX-License-Identifier: MIT */
/* filter.c — a dozen lines of BPF written out, so that the privileged process needs no library for it. The list is
 * short and the keeper makes few calls: a linear search will do. */
#include "svc/keeper/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "filter: name this machine's AUDIT_ARCH"
#endif

static const unsigned allowed[] = {
    /* The loop and its peers. */
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_ppoll,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_clock_gettime,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_poll
    SYS_poll,
#endif
    /* A session's sockets, pipes and storage. */
    SYS_socketpair,
    SYS_pipe2,
    SYS_fcntl,
    SYS_close,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    /* Its groups: made, limited, looked at, removed. */
    SYS_openat,
    SYS_read,
    SYS_write,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_fchownat,
    SYS_getdents64,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_lseek,
    /* Its end, and that of the zygote. */
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_wait4,
    SYS_waitid,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    /* libc: memory, errors, the end of the process. */
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
};

/* For who looks at what sessions hold (watch.h). */
static const unsigned for_watch[] = {SYS_fstatfs, SYS_kcmp};

/* Allowed unless they ask for memory that can be executed: no new code. */
static const unsigned without_code[] = {SYS_mmap, SYS_mprotect};
#define PROTECTION_ARGUMENT 2

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define LOAD_ARGUMENT(n)                                                                                     \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(offsetof(struct seccomp_data, args) + sizeof(__u64) * (n)))
#define SKIP_IF_NOT(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define ANSWER(action)            BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE                    (SECCOMP_RET_ERRNO | EPERM)

#define CODE_MAX (4 + 2 * (ARRAY_SIZE(allowed) + ARRAY_SIZE(for_watch)) + 5 * ARRAY_SIZE(without_code) + 1)

bool filter_possible(void)
{
#ifdef SANITIZED
    return false;
#else
    return true;
#endif
}

/* The low half of an argument is all that counts of an int; both machines above are little-endian. */
static unsigned short build(bool watches, struct sock_filter code[CODE_MAX])
{
    unsigned short n = 0;
#define ADD(...) code[n++] = (struct sock_filter)__VA_ARGS__
    ADD(LOAD(arch));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
    ADD(LOAD(nr)); /* a number of x32 is in no list */
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
        ADD(SKIP_IF_NOT(allowed[i], 1));
        ADD(ANSWER(SECCOMP_RET_ALLOW));
    }
    for (size_t i = 0; watches && i < ARRAY_SIZE(for_watch); i++) {
        ADD(SKIP_IF_NOT(for_watch[i], 1));
        ADD(ANSWER(SECCOMP_RET_ALLOW));
    }
    for (size_t i = 0; i < ARRAY_SIZE(without_code); i++) {
        ADD(SKIP_IF_NOT(without_code[i], 4));
        ADD(LOAD_ARGUMENT(PROTECTION_ARGUMENT));
        ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0));
        ADD(ANSWER(SECCOMP_RET_ALLOW));
        ADD(ANSWER(REFUSE));
    }
    ADD(ANSWER(REFUSE));
#undef ADD
    return n;
}

enum status filter_enter(bool watches, struct err *err)
{
    struct sock_filter code[CODE_MAX];
    if (!filter_possible())
        return STATUS_OK;
    const struct sock_fprog program = {.len = build(watches, code), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(err, STATUS_IO, "the keeper's no_new_privs: %s", strerror(errno));
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return err_set(err, STATUS_IO, "the keeper's filter: %s", strerror(errno));
    return STATUS_OK;
}
