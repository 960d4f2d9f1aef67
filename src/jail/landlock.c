/* SPDX-License-Identifier: MIT */
/* landlock.c — names and values: include/uapi/linux/landlock.h of Linux 6.18. */
#include "jail/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

#define FS_EXECUTE      (1ull << 0)
#define FS_WRITE_FILE   (1ull << 1)
#define FS_READ_FILE    (1ull << 2)
#define FS_READ_DIR     (1ull << 3)
#define FS_REMOVE_DIR   (1ull << 4)
#define FS_REMOVE_FILE  (1ull << 5)
#define FS_MAKE_CHAR    (1ull << 6)
#define FS_MAKE_DIR     (1ull << 7)
#define FS_MAKE_REG     (1ull << 8)
#define FS_MAKE_SOCK    (1ull << 9)
#define FS_MAKE_FIFO    (1ull << 10)
#define FS_MAKE_BLOCK   (1ull << 11)
#define FS_MAKE_SYM     (1ull << 12)
#define FS_REFER        (1ull << 13) /* ABI 2 */
#define FS_TRUNCATE     (1ull << 14) /* ABI 3 */
#define FS_IOCTL_DEV    (1ull << 15) /* ABI 5 */
#define NET_BIND_TCP    (1ull << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (1ull << 1)  /* ABI 4 */
#define SCOPE_ABSTRACT  (1ull << 0)  /* ABI 6 */
#define SCOPE_SIGNAL    (1ull << 1)  /* ABI 6 */
#define RULE_PATH       1
#define CREATE_VERSION  1u

struct ruleset_attr {
    uint64_t fs, net, scoped;
};

struct path_attr {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

static const uint64_t access_rights[] = {
    [LANDLOCK_LIST] = FS_READ_DIR,
    [LANDLOCK_READ] = FS_READ_DIR | FS_READ_FILE,
    [LANDLOCK_EXECUTE] = FS_READ_DIR | FS_READ_FILE | FS_EXECUTE,
    [LANDLOCK_DEVICE] = FS_READ_DIR | FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
    [LANDLOCK_WRITE] = FS_READ_DIR | FS_READ_FILE | FS_EXECUTE | FS_WRITE_FILE | FS_REMOVE_DIR |
                       FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_FIFO |
                       FS_MAKE_SYM | FS_REFER | FS_TRUNCATE,
};

/* Rights that make sense on something that is no folder. */
#define FILE_RIGHTS (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static uint64_t handled_rights(int abi)
{
    uint64_t rights = (FS_MAKE_SYM << 1) - 1;
    if (abi >= 2)
        rights |= FS_REFER;
    if (abi >= 3)
        rights |= FS_TRUNCATE;
    if (abi >= 5)
        rights |= FS_IOCTL_DEV;
    return rights;
}

/* A path that is not there opens nothing, so its rule is left out: the list is the same for all machines. */
static enum status add_rule(int ruleset, const struct landlock_rule *rule, uint64_t handled, struct err *err)
{
    if (!rule->path && rule->fd < 0)
        return STATUS_OK;
    const char *name = text_or(rule->path, "folder");
    int fd = rule->path ? open(rule->path, O_PATH | O_CLOEXEC) : fcntl(rule->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return errno == ENOENT ? STATUS_OK
                               : err_set(err, STATUS_IO, "landlock %s: %s", name, strerror(errno));
    struct stat st;
    struct path_attr attr = {.allowed = access_rights[rule->access] & handled, .fd = fd};
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        attr.allowed &= FILE_RIGHTS;
    long r = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0);
    enum status status =
        r < 0 ? err_set(err, STATUS_IO, "landlock %s: %s", name, strerror(errno)) : STATUS_OK;
    close(fd);
    return status;
}

/* INVARIANT: what is handled and has no rule is denied. A kernel that knows fewer rights handles fewer, and so
 * denies less: the layers beside this one are not built on it. ORDER: all rules, then restrict_self; behind that
 * no right comes back, not even for children. */
enum status landlock_enter(const struct landlock_rule *rules, size_t count, unsigned flags, struct err *err)
{
    int abi = landlock_abi();
    struct ruleset_attr attr = {.fs = handled_rights(abi)};
    if (flags & LANDLOCK_NO_NETWORK && abi >= 4)
        attr.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (flags & LANDLOCK_SCOPED && abi >= 6)
        attr.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
    /* As long as this kernel knows it: a longer struct it may refuse. */
    size_t size = sizeof attr.fs;
    if (abi >= 4)
        size += sizeof attr.net;
    if (abi >= 6)
        size += sizeof attr.scoped;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0)
        return err_set(err, STATUS_IO, "landlock: %s", strerror(errno));
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = add_rule(ruleset, &rules[i], attr.fs, err);
    if (status == STATUS_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        status = err_set(err, STATUS_IO, "landlock restrict: %s", strerror(errno));
    close(ruleset);
    return status;
}
