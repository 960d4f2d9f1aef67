/* SPDX-License-Identifier: MIT */
/* instance_past.c — history and payloads: what is added goes to memory and into the open set; what had left memory comes back
 * from the store. INVARIANT: an answer counts only if the instance has not changed since the question; otherwise the store
 * may have looked before the change, and is asked again. */
#include "core/task/instance_past.h"

#include "core/task/call.h"
#include "core/task/gate.h"
#include "core/task/residence.h"
#include "core/task/work.h"

/* --- what is added --- */

void instance_set_payload(struct engine *engine, struct instance *instance, enum payload_kind kind,
                          struct payload payload)
{
    if (!payload.present && !instance->payloads[kind].present)
        return;
    residence_use_payloads(engine, instance); /* before the change: it takes off what was counted */
    instance_replace_payload(&instance->payloads[kind], &instance->owned.payloads[kind], payload);
    instance->input_size = kind == PAYLOAD_INPUT ? payload.value.size : instance->input_size;
    gate_write(engine, &(struct write_op){.kind = WRITE_PAYLOAD_PUT,
                                          .key = instance->row.key,
                                          .payload_kind = kind,
                                          .payload = instance->payloads[kind]});
}

void instance_append_history(struct engine *engine, struct instance *instance, struct bytes blob,
                             int64_t count)
{
    residence_use_history(engine, instance); /* before it grows: it takes off what was counted */
    if (instance->history_resident) {        /* otherwise the store joins the parts when it is read */
        instance->history.limit = SIZE_MAX;
        memory_must_ok(buf_reserve(&instance->history, blob.size));
        buf_append_bytes(&instance->history, blob);
    }

    /* Before the count goes up: the row says which event of the history is its first. */
    struct history_row row = {
        .key = instance->row.key, .first = instance->row.history_count, .count = count, .events = blob};
    gate_write(engine,
               &(struct write_op){.kind = WRITE_HISTORY_APPEND, .key = instance->row.key, .history = row});
    instance->history_size += blob.size;
    instance->row.history_count += count;
    instance->history_sequence = engine->open_sequence;
    gate_put(engine, instance);
}

/* --- what comes back --- */

void instance_history_fetched(struct engine *engine, struct instance *instance, struct bytes blob)
{
    size_t count;
    if (!instance->history_fetching)
        return;
    instance->history_fetching = false;
    if (instance->changed_sequence !=
        instance->history_asked) { /* it has grown since the store looked, perhaps */
        instance_fetch_history(engine, instance);
        return;
    }
    instance->history_wanted = false;

    /* Whoever needs it cannot go on. It is tried again later: a disk may be mended, and to fail the instance cannot be
     * undone. */
    if (!event_blob_valid(blob, &count) || (int64_t)count != instance->row.history_count) {
        engine_note(engine, LOG_LEVEL_ERROR, instance->hub, instance->row.instance_id,
                    "the stored history does not fit its instance");
        if (instance->turn.work.state == WORK_LOADING)
            work_abandon(engine, &instance->turn.work);
        call_history_lost(engine, instance);
        return;
    }

    instance->history.limit = SIZE_MAX;
    buf_clear(&instance->history);
    memory_must_ok(buf_reserve(&instance->history, blob.size));
    buf_append_bytes(&instance->history, blob);
    instance_note_history(instance, true);
    instance->history_rewound = event_blob_has(blob, PB_HISTORY_EVENT_EXECUTION_REWOUND);
    instance->history_size = blob.size;

    /* In front of the others: its turn had come when the load began. */
    if (instance->turn.work.state == WORK_LOADING && instance_loaded(instance))
        work_enqueue(engine, &instance->turn.work, true);
    call_fetched(engine, instance);
    residence_place(engine, instance);
}

void instance_payloads_fetched(struct engine *engine, struct instance *instance,
                               const struct payload *payloads)
{
    if (!instance->payloads_fetching)
        return;
    instance->payloads_fetching = false;
    if (instance->changed_sequence !=
        instance->payloads_asked) { /* they have changed since the store looked, perhaps */
        instance_fetch_payloads(engine, instance);
        residence_place(engine, instance);
        return;
    }
    instance->payloads_wanted = false;
    if (!payloads) {
        engine_note(engine, LOG_LEVEL_ERROR, instance->hub, instance->row.instance_id,
                    "the stored instance is gone");
        if (instance->turn.work.state == WORK_LOADING)
            work_abandon(engine, &instance->turn.work);
        call_history_lost(engine, instance);
        return;
    }

    /* Only what was left out: what is here may be newer. */
    residence_use_payloads(engine, instance);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (instance->payloads[kind].left_out)
            instance_replace_payload(&instance->payloads[kind], &instance->owned.payloads[kind],
                                     payloads[kind]);
    instance->input_size = instance->payloads[PAYLOAD_INPUT].value.size;
    if (instance->turn.work.state == WORK_LOADING && instance_loaded(instance))
        work_enqueue(engine, &instance->turn.work, true);
    call_fetched(engine, instance);
    residence_place(engine, instance);
}
