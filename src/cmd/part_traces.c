/* SPDX-License-Identifier: MIT */
/* part_traces.c — spans to a collector, if the settings name one. After the confinement, since it has a thread; before
 * the scheduler, which hands it what it sends, so that it is gone after the scheduler. */
#include "cmd/part.h"

static enum status start(struct server *server, struct err *err)
{
    const char *url = setting_text(server->settings, "trace-url");
    if (url)
        return otlp_exporter_create(url, &server->traces, err);
    return STATUS_OK;
}

static const void *metrics_source(const struct server *server)
{
    return server->traces;
}

static void destroy(struct server *server)
{
    otlp_exporter_destroy(server->traces);
}

const struct part part_traces = {
    .name = "traces",
    .commands = COMMAND_DEV | COMMAND_SCHEDULER,
    .start = start,
    .metrics = otlp_metrics,
    .metrics_source = metrics_source,
    .destroy = destroy,
};
