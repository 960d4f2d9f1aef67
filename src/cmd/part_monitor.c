/* SPDX-License-Identifier: MIT */
/* part_monitor.c — GET /metrics: the rows of all parts as text, and those of the process itself.
 * ORDER: before the confinement, behind which /proc can no longer be opened; what is open stays readable. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/part.h"
#include "os/clock.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* --- the process --- */

static void read_version(const void *source, struct metric_sink *sink)
{
    metric_count(sink, 1, (const char *const[]){SALLYPORT_VERSION});
}

static void read_uptime(const void *source, struct metric_sink *sink)
{
    const struct server *server = source;
    metric_number(sink, (double)(clock_monotonic_ns() - server->started_ns) / NS_PER_S, NULL);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void read_cpu(const void *source, struct metric_sink *sink)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metric_number(sink, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), NULL);
}

/* proc(5), /proc/pid/statm: sizes in pages, the second is what is resident. */
static void read_memory(const void *source, struct metric_sink *sink)
{
    const struct server *server = source;
    char text[128];
    ssize_t size = server->memory_fd < 0 ? -1 : pread(server->memory_fd, text, sizeof text, 0);
    if (size <= 0)
        return;

    /* "total resident shared …", in pages (proc_pid_statm(5)). */
    struct bytes rest = bytes_of(text, (size_t)size);
    uint64_t resident;
    bytes_split(&rest, ' ');
    if (bytes_parse_u64(bytes_split(&rest, ' '), &resident) == STATUS_OK)
        metric_count(sink, resident * (uint64_t)sysconf(_SC_PAGESIZE), NULL);
}

static const struct metric_row process_metrics[] = {
    {"sallyport_build_info", METRIC_GAUGE, "version", "1, for the version that runs", read_version},
    {"sallyport_uptime_seconds", METRIC_GAUGE, "", "Since the server began to start", read_uptime},
    {"process_cpu_seconds_total", METRIC_COUNTER, "", "CPU time of the server process, without its sessions",
     read_cpu},
    {"process_resident_memory_bytes", METRIC_GAUGE, "", "Memory of the server process, without its sessions",
     read_memory},
    {.name = NULL},
};

static const void *metrics_source(const struct server *server)
{
    return server;
}

/* --- the route --- */

static void answer_metrics(void *context, struct http_request *request)
{
    const struct server *server = context;
    CLEANUP(buf_fini) struct buf text = {0};
    for (size_t i = 0; i < server->part_count; i++) {
        const struct part *part = server->parts[i];
        if (part->metrics && server_has(server, part))
            metric_write(&(struct metric_group){part->metrics, part->metrics_source(server)}, &text);
    }
    if (buf_status(&text) == STATUS_OK)
        http_respond(request, 200, TEXT_TYPE, buf_peek(&text));
    else
        http_respond_no_memory(request);
}

static const struct http_route routes[] = {
    {"GET", "/metrics", "", ACCESS_READ, .handle = answer_metrics,
     .summary = "Counters and gauges, for a monitor (setting metrics)"},
};

static void mount(struct server *server, struct front *front)
{
    if (setting_flag(server->settings, "metrics"))
        front_add(front, (struct http_part){.name = "server",
                                            .prefix = "",
                                            .routes = routes,
                                            .route_count = ARRAY_SIZE(routes),
                                            .context = server});
}

static enum status start(struct server *server, struct err *err)
{
    if (setting_flag(server->settings, "metrics"))
        server->memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    return STATUS_OK;
}

static void destroy(struct server *server)
{
    if (server->memory_fd >= 0)
        close(server->memory_fd);
}

const struct part part_monitor = {
    .name = "monitor",
    .commands = COMMAND_SERVERS,
    .start = start,
    .mount = mount,
    .metrics = process_metrics,
    .metrics_source = metrics_source,
    .destroy = destroy,
};
