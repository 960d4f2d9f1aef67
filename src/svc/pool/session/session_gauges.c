/* SPDX-License-Identifier: MIT */
/* session_gauges.c — the peak is set back by writing to its file: of the group on v1, of this descriptor on v2 (Linux 6.12). Each
 * look is a call of the kernel that a run waits for, so none is made whose answer is known. */
#include "svc/pool/session/session_gauges.h"

#include <unistd.h>

#define TEXT_SIZE 1024 /* bytes of a file; what counts stands at its beginning */
#define INIT      1    /* a process of each session that runs nobody's code */
#define RUNNER    1    /* the one that runs the cells */

bool gauge_parse_cpu(struct bytes text, uint64_t *ret_us)
{
    uint64_t number;
    if (bytes_parse_u64(bytes_trim(text), &number) == STATUS_OK) {
        *ret_us = number / 1000;
        return true;
    }
    while (text.size) {
        struct bytes value = bytes_split(&text, '\n');
        struct bytes key = bytes_split(&value, ' ');
        if (bytes_equal(key, BYTES_LITERAL("usage_usec")))
            return bytes_parse_u64(value, ret_us) == STATUS_OK;
    }
    return false;
}

static bool read_text(int fd, char text[TEXT_SIZE], struct bytes *ret_text)
{
    ssize_t got = fd < 0 ? -1 : pread(fd, text, TEXT_SIZE, 0);
    if (got <= 0)
        return false;
    *ret_text = bytes_of(text, (size_t)got);
    return true;
}

static bool read_cpu(int fd, uint64_t *ret_us)
{
    char text[TEXT_SIZE];
    struct bytes bytes;
    return read_text(fd, text, &bytes) && gauge_parse_cpu(bytes, ret_us);
}

/* Lines of cgroup.procs: one a process, whichever number it has for who reads. False: it cannot be read. A read that leaves room
 * was the last: the kernel fills less than a page as far as there are lines (fs/seq_file.c, seq_read_iter). */
static bool count_processes(int fd, uint64_t *ret_count)
{
    char text[TEXT_SIZE];
    uint64_t count = 0;
    off_t at = 0;
    ssize_t got = fd < 0 ? -1 : (ssize_t)sizeof text;
    while (got == (ssize_t)sizeof text) {
        got = pread(fd, text, sizeof text, at);
        for (ssize_t i = 0; i < got; i++)
            count += text[i] == '\n';
        at += MAX(got, (ssize_t)0);
    }
    *ret_count = count;
    return got >= 0;
}

void session_gauges_init(struct session_gauges *gauges)
{
    *gauges = (struct session_gauges){.cpu_fd = -1, .memory_fd = -1, .processes_fd = -1};
}

void session_gauges_open(struct session_gauges *gauges, int cpu_fd, int memory_fd, int processes_fd)
{
    gauges->cpu_fd = cpu_fd;
    gauges->memory_fd = memory_fd;
    gauges->processes_fd = processes_fd;
}

static void look(struct session_gauges *gauges, uint64_t more)
{
    uint64_t count = 0;
    gauges->processes_begun = count_processes(gauges->processes_fd, &count);
    if (count + more > INIT)
        gauges->processes_most = MAX(gauges->processes_most, count + more - INIT);
    gauges->was_alone = gauges->processes_begun && count == INIT + RUNNER;
}

void session_gauges_look(struct session_gauges *gauges, uint64_t more)
{
    if (gauges->processes_begun)
        look(gauges, more);
}

/* The runner cannot go without its session. */
static void begin_processes(struct session_gauges *gauges, bool none_came)
{
    if (none_came && gauges->was_alone)
        gauges->processes_most = RUNNER;
    else
        look(gauges, 0);
}

void session_gauges_begin(struct session_gauges *gauges, bool measured, bool none_came)
{
    gauges->cpu_begun = measured && read_cpu(gauges->cpu_fd, &gauges->cpu_before_us);
    gauges->memory_begun = measured && gauges->memory_fd >= 0 && pwrite(gauges->memory_fd, "0", 1, 0) == 1;
    gauges->processes_begun = measured && gauges->processes_fd >= 0;
    gauges->processes_most = 0;
    if (gauges->processes_begun)
        begin_processes(gauges, none_came);
}

struct gauge_values session_gauges_read(const struct session_gauges *gauges)
{
    struct gauge_values values = {0};
    char text[TEXT_SIZE];
    struct bytes bytes;
    uint64_t now_us;
    if (gauges->cpu_begun && read_cpu(gauges->cpu_fd, &now_us) && now_us >= gauges->cpu_before_us) {
        values.cpu_known = true;
        values.cpu_us = now_us - gauges->cpu_before_us;
    }
    if (gauges->memory_begun && read_text(gauges->memory_fd, text, &bytes))
        values.memory_known = bytes_parse_u64(bytes_trim(bytes), &values.memory_peak) == STATUS_OK;
    values.processes_known = gauges->processes_begun && gauges->processes_most > 0;
    values.processes = gauges->processes_most;
    return values;
}

void session_gauges_close(struct session_gauges *gauges)
{
    if (gauges->cpu_fd >= 0)
        close(gauges->cpu_fd);
    if (gauges->memory_fd >= 0)
        close(gauges->memory_fd);
    if (gauges->processes_fd >= 0)
        close(gauges->processes_fd);
    session_gauges_init(gauges);
}
