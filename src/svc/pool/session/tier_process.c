/* SPDX-License-Identifier: MIT */
/* tier_process.c — the process tier: namespaces, seccomp, Landlock, cgroups. Translates between the words of
 * a tier and those of the keeper's client, which does the work. */
#include <stdlib.h>

#include "jail/keeper_client.h"
#include "svc/pool/session/tier.h"

struct process_tier {
    struct keeper_client *keeper;
    struct tier_events events;
    uint64_t memory_size_max;
};

static struct session_ref keeper_ref(struct tier_ref ref)
{
    return (struct session_ref){.slot = ref.slot, .generation = ref.generation};
}

static struct tier_ref tier_ref(struct session_ref ref)
{
    return (struct tier_ref){.slot = ref.slot, .generation = ref.generation};
}

/* --- from the keeper --- */

static void on_ready(void *context, const struct keeper_report *report)
{
    struct process_tier *tier = context;
    tier->events.on_ready(
        tier->events.context,
        &(struct tier_report){.isolation_json = report->json, .memory_size_max = tier->memory_size_max});
}

static void on_spawned(void *context, uint64_t request, const struct keeper_session *session,
                       const char *text)
{
    struct process_tier *tier = context;
    if (!session) {
        tier->events.on_spawned(tier->events.context, request, NULL, text);
        return;
    }

    struct tier_session built = {
        .ref = tier_ref(session->ref),
        .control_fd = session->control_fd,
        .stdout_fd = session->stdout_fd,
        .stderr_fd = session->stderr_fd,
        .data_dir_fd = session->data_dir_fd,
    };
    tier->events.on_spawned(tier->events.context, request, &built, text);
}

static void on_ended(void *context, struct session_ref ref, enum session_end end, int detail)
{
    static const enum tier_end ends[] = {
        [SESSION_END_EXITED] = TIER_END_EXITED,
        [SESSION_END_KILLED] = TIER_END_KILLED,
        [SESSION_END_MEMORY_LIMIT] = TIER_END_MEMORY_LIMIT,
        [SESSION_END_FAILED] = TIER_END_FAILED,
    };
    struct process_tier *tier = context;
    tier->events.on_ended(tier->events.context, tier_ref(ref), ends[end], detail);
}

static void on_lost(void *context, const char *text)
{
    struct process_tier *tier = context;
    tier->events.on_lost(tier->events.context, text);
}

/* --- to the keeper --- */

static enum status process_start(struct loop *loop, const void *options, const struct tier_events *events,
                                 void **ret_tier, struct err *error)
{
    const struct keeper_options *keeper_options = options;
    struct process_tier *tier = calloc(1, sizeof *tier);
    if (!tier)
        return err_set(error, STATUS_NO_MEMORY, "out of memory");
    tier->events = *events;
    tier->memory_size_max = keeper_options->limits.memory_bytes;

    struct keeper_callbacks callbacks = {
        .on_ready = on_ready,
        .on_spawned = on_spawned,
        .on_ended = on_ended,
        .on_lost = on_lost,
        .context = tier,
    };
    enum status status = keeper_client_start(loop, keeper_options, &callbacks, &tier->keeper, error);
    if (status != STATUS_OK) {
        free(tier);
        return status;
    }
    *ret_tier = tier;
    return STATUS_OK;
}

static void process_stop(void *context)
{
    struct process_tier *tier = context;
    keeper_client_stop(tier->keeper);
    free(tier);
}

static void process_spawn(void *context, uint64_t request)
{
    struct process_tier *tier = context;
    keeper_client_spawn(tier->keeper, request);
}

static void process_interrupt(void *context, struct tier_ref ref)
{
    struct process_tier *tier = context;
    keeper_client_interrupt(tier->keeper, keeper_ref(ref));
}

static void process_kill(void *context, struct tier_ref ref)
{
    struct process_tier *tier = context;
    keeper_client_kill(tier->keeper, keeper_ref(ref));
}

const struct session_tier session_tier_process = {
    .name = "process",
    .start = process_start,
    .stop = process_stop,
    .spawn = process_spawn,
    .interrupt = process_interrupt,
    .kill = process_kill,
};
