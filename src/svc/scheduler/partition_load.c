/* SPDX-License-Identifier: MIT */
/* partition_load.c — an engine from what is on disk. The store gives its rows on the loop's thread, in the order of struct
 * task_store_loader: an instance before what belongs to it. */
#include "os/clock.h"
#include "svc/scheduler/partition_internal.h"

static enum status load_hub(void *context, uint32_t hub, struct bytes name)
{
    struct partition *partition = context;
    enum status status = partition->owner->on_hub(partition->context, hub, name);
    if (status != STATUS_OK)
        return status;
    return partition_hub(partition, hub, name);
}

static enum status load_retention(void *context, uint32_t hub, struct bytes rules)
{
    struct partition *partition = context;
    return partition->owner->on_retention(partition->context, hub, rules);
}

static enum status load_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    struct partition *partition = context;
    bool at_start = partition->failures == 0; /* else the engine is built anew */
    partition->owner->on_instance(partition->context, row, at_start);
    return engine_load_instance(partition->engine, row, payloads);
}

static enum status load_inbox(void *context, const struct inbox_row *row)
{
    return engine_load_inbox(((struct partition *)context)->engine, row);
}

static enum status load_activity(void *context, const struct activity_row *row)
{
    return engine_load_activity(((struct partition *)context)->engine, row);
}

static enum status load_entity_lock(void *context, const struct entity_lock_row *row)
{
    return engine_load_entity_lock(((struct partition *)context)->engine, row);
}

static enum status load_entity_message(void *context, const struct entity_message_row *row)
{
    return engine_load_entity_message(((struct partition *)context)->engine, row);
}

static enum status load_receipt(void *context, const struct receipt_row *row)
{
    return engine_load_receipt(((struct partition *)context)->engine, row);
}

/* ORDER: its actions go first. The epoch says to every answer that is still under way that its engine is gone. */
void partition_drop_engine(struct partition *partition)
{
    engine_actions_clear(&partition->actions);
    engine_destroy(partition->engine);
    partition->engine = NULL;
    partition->epoch++;
}

/* At a start partition_load looks what came; later it is a step of recovery. */
static void on_loaded(void *context, enum status status, const char *text, int64_t key_next)
{
    struct partition *partition = context;
    partition->loading = false;
    if (status == STATUS_OK) {
        engine_load_done(partition->engine, key_next, partition_now(partition));
    } else {
        (void)err_set(&partition->load_failure, status, "loading the store: %s", text);
        partition_drop_engine(partition);
    }
    if (partition->failures == 0)
        partition_arm_tick(partition);
    else
        partition_loaded_again(partition, status);
}

enum status partition_begin_load(struct partition *partition, struct err *err)
{
    const struct task_store_loader loader = {.on_hub = load_hub,
                                             .on_hub_retention = load_retention,
                                             .on_instance = load_instance,
                                             .on_inbox = load_inbox,
                                             .on_activity = load_activity,
                                             .on_entity_lock = load_entity_lock,
                                             .on_entity_message = load_entity_message,
                                             .on_receipt = load_receipt,
                                             .on_done = on_loaded,
                                             .context = partition};
    struct engine_options options = partition->options.engine;
    /* Each engine has seeds of its own: what peers learned of the order of one's maps says nothing of the next. */
    entropy_fill(options.seed, sizeof options.seed);
    enum status status = engine_create(&options, &partition->engine);
    if (status != STATUS_OK)
        return err_set(err, status, "starting the engine");
    partition->loading = true;
    partition->load_failure = (struct err){0};
    task_store_load(partition->options.store, &loader);
    return STATUS_OK;
}

enum status partition_load(struct partition *partition, struct err *err)
{
    enum status status = partition_begin_load(partition, err);
    if (status != STATUS_OK)
        return status;
    task_store_wait(partition->options.store);
    *err = partition->load_failure;
    return err->status;
}
