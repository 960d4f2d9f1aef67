/* SPDX-License-Identifier: MIT */
/* seccomp.c — the rows of seccomp_table.h become three filters of libseccomp, by stage. The third is compiled to a
 * program beforehand, since a session must not allocate between fork and confinement. */
#include "jail/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "jail/told_calls.h"

/* clang-format off */
#include "jail/seccomp_table.h"
/* clang-format on */

const struct seccomp_row *seccomp_rows(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(rows);
    return rows;
}

static void release(scmp_filter_ctx *filter)
{
    if (*filter)
        seccomp_release(*filter);
}

/* An empty filter with `fallback` for what no rule names; NULL without memory. */
static scmp_filter_ctx create(uint32_t fallback)
{
    scmp_filter_ctx f = seccomp_init(fallback);
    if (f && (seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
              seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 1) < 0 ||
              /* 2: a balanced tree instead of a list */
              seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0))
        release(&f);
    return f;
}

int seccomp_row_number(const struct seccomp_row *row)
{
    int number = seccomp_syscall_resolve_name(row->name);
    return number == __NR_SCMP_ERROR && row->number ? row->number : number;
}

/* Zero in an errno's place makes the call succeed without having been made (seccomp(2), SECCOMP_RET_ERRNO). */
static uint32_t action_of(const struct seccomp_row *row)
{
    if (row->error == 0)
        return SCMP_ACT_ALLOW;
    return SCMP_ACT_ERRNO((uint16_t)(row->error == SECCOMP_SUCCESS ? 0 : row->error));
}

static int add_compare(scmp_filter_ctx filter, const struct seccomp_row *row, int number, uint64_t mask,
                       uint64_t value)
{
    const struct scmp_arg_cmp compare[] = {
        {
            .arg = (unsigned)row->argument,
            .op = row->match == SECCOMP_OTHER ? SCMP_CMP_NE : SCMP_CMP_MASKED_EQ,
            .datum_a = row->match == SECCOMP_OTHER ? value : mask,
            .datum_b = value,
        },
        {
            .arg = (unsigned)row->other,
            .op = SCMP_CMP_MASKED_EQ,
            .datum_a = row->other_mask,
            .datum_b = row->other_value,
        },
    };
    return seccomp_rule_add_array(filter, action_of(row), number, row->other < 0 ? 1 : 2, compare);
}

/* Somewhere, in a ring of 32 bits that are not all alike, a set one stands behind one that is not. */
static int add_mixed(scmp_filter_ctx filter, const struct seccomp_row *row, int number)
{
    int r = 0;
    for (unsigned bit = 0; r == 0 && bit < 32; bit++)
        r = add_compare(filter, row, number, 1ull << bit | 1ull << (bit + 1) % 32, 1ull << bit);
    return r;
}

static int add_row(scmp_filter_ctx filter, const struct seccomp_row *row)
{
    int number = seccomp_row_number(row);
    if (number < 0)
        return 0; /* not a call of this machine or newer than the library: the fallback covers it */
    if (row->argument < 0)
        return seccomp_rule_add_array(filter, action_of(row), number, 0, NULL);
    if (row->match == SECCOMP_MIXED)
        return add_mixed(filter, row, number);
    return add_compare(filter, row, number, row->mask, row->value);
}

static bool is_told(const struct seccomp_row *row)
{
    return told_call_find(seccomp_row_number(row)) >= 0;
}

/* `but_told`: without the calls that a session's own filter asks its listener about, for of an errno and a question the kernel
 * takes the errno. */
static int add_stage(scmp_filter_ctx filter, enum seccomp_stage stage, bool but_told)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
        if (rows[i].stage == stage && !(but_told && is_told(&rows[i])))
            r = add_row(filter, &rows[i]);
    }
    return r;
}

static int add_told_as_allowed(scmp_filter_ctx filter)
{
    size_t count;
    const struct told_call *calls = told_calls(&count);
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i].number, 0, NULL);
    return r;
}

/* What the zygote still needs must be in the allow list; the lock takes it from the sessions. */
static int add_locked_as_allowed(scmp_filter_ctx filter, bool but_told)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
        struct seccomp_row row = rows[i];
        row.error = 0;
        if (row.stage == SECCOMP_LOCKED && !(but_told && is_told(&row)))
            r = add_row(filter, &row);
    }
    return r;
}

static enum status failed(const char *what, int result, struct err *err)
{
    return err_set(err, STATUS_IO, "seccomp %s: %s", what, strerror(-result));
}

enum status seccomp_enter_zygote(bool listens, struct err *err)
{
    CLEANUP(release) scmp_filter_ctx list = create(SCMP_ACT_ERRNO(ENOSYS));
    CLEANUP(release) scmp_filter_ctx arguments = create(SCMP_ACT_ALLOW);
    if (!list || !arguments)
        return err_set(err, STATUS_NO_MEMORY, "no memory for the filters");
    int r = add_stage(list, SECCOMP_ALLOWED, false);
    if (r == 0)
        r = add_stage(list, SECCOMP_DENIED, listens);
    if (r == 0)
        r = add_locked_as_allowed(list, listens);
    if (r == 0 && listens)
        r = add_told_as_allowed(list);
    if (r == 0)
        r = add_stage(arguments, SECCOMP_ARGUMENT, listens);
    if (r < 0)
        return failed("rules", r, err);
    /* The argument checks come second: of two errnos the kernel takes that of the newer filter. */
    r = seccomp_load(list);
    if (r == 0)
        r = seccomp_load(arguments);
    return r < 0 ? failed("load", r, err) : STATUS_OK;
}

enum status seccomp_lock_init(struct seccomp_lock *lock, bool strict_locks, bool listens, struct err *err)
{
    CLEANUP(release) scmp_filter_ctx f = create(SCMP_ACT_ALLOW);
    if (!f)
        return err_set(err, STATUS_NO_MEMORY, "no memory for the filter");
    int r = add_stage(f, SECCOMP_LOCKED, false);
    if (r == 0 && strict_locks)
        r = add_stage(f, SECCOMP_STRICT, false);
    if (r < 0)
        return failed("rules", r, err);
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return failed("memfd", -errno, err);
    r = seccomp_export_bpf(f, fd);
    size_t told = listens ? told_calls_program(lock->code) : 0;
    size_t room = sizeof lock->code - told * sizeof lock->code[0];
    ssize_t n = r < 0 ? 0 : pread(fd, &lock->code[told], room, 0);
    close(fd);
    if (n <= 0 || n == (ssize_t)room)
        return failed("export", r < 0 ? r : -E2BIG, err);
    lock->program = (struct sock_fprog){.len = (unsigned short)(told + (size_t)n / sizeof lock->code[0]),
                                        .filter = lock->code};
    return STATUS_OK;
}

enum status seccomp_enter_session(const struct seccomp_lock *lock, int *ret_listener, struct err *err)
{
    unsigned flags = ret_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &lock->program);
    if (fd < 0)
        return failed("lock", -errno, err);
    if (ret_listener)
        *ret_listener = (int)fd;
    return STATUS_OK;
}

/* In a child, since a filter cannot be taken off. */
bool seccomp_can_listen(void)
{
    struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const struct sock_fprog program = {.len = 1, .filter = allow};
    pid_t pid = fork();
    if (pid == 0) {
        bool can =
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0;
        _exit(can ? 0 : 1);
    }
    int status = 1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
