/* SPDX-License-Identifier: MIT */
/* session_gauges.c — the peak is set back by writing to its file: of the group on v1, of this descriptor on v2 (Linux 6.12). */
#include "svc/pool/session/session_gauges.h"

#include <unistd.h>

#define TEXT_SIZE 1024 /* bytes of a file; what counts stands at its beginning */

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

void session_gauges_init(struct session_gauges *gauges)
{
    *gauges = (struct session_gauges){.cpu_fd = -1, .memory_fd = -1};
}

void session_gauges_open(struct session_gauges *gauges, int cpu_fd, int memory_fd)
{
    gauges->cpu_fd = cpu_fd;
    gauges->memory_fd = memory_fd;
}

void session_gauges_begin(struct session_gauges *gauges)
{
    gauges->cpu_begun = read_cpu(gauges->cpu_fd, &gauges->cpu_before_us);
    gauges->memory_begun = gauges->memory_fd >= 0 && pwrite(gauges->memory_fd, "0", 1, 0) == 1;
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
    return values;
}

void session_gauges_close(struct session_gauges *gauges)
{
    if (gauges->cpu_fd >= 0)
        close(gauges->cpu_fd);
    if (gauges->memory_fd >= 0)
        close(gauges->memory_fd);
    session_gauges_init(gauges);
}
