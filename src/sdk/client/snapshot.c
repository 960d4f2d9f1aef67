/* SPDX-License-Identifier: MIT */
/* snapshot.c — instances, whose texts live in an arena of their own and which count references because a
 * copy is the same object; then pages of instances. */
#include "sdk/client/snapshot.h"

#include <stdlib.h>

#include "sdk/convert.h"

/* --- instances --- */

struct dt_instance {
    atomic_int references;
    struct arena arena;
    const char *id;
    const char *name;
    const char *version;
    const char *input;
    const char *output;
    const char *custom_status;
    const char *execution_id;
    const char *parent_id;
    const struct dt_failure *failure;
    const struct dt_tag *tags;
    size_t tag_count;
    enum dt_instance_status status;
    int64_t created_ns;
    int64_t updated_ns;
    int64_t completed_ns;
    int64_t scheduled_start_ns;
};

static STATUS_RESULT fill_instance(struct dt_instance *instance, const struct pb_orchestration_state *state)
{
    struct arena *arena = &instance->arena;
    const struct {
        struct pb_opt_bytes value;
        const char **place;
    } texts[] = {
        {pb_some(state->instance_id), &instance->id},
        {pb_some(state->name), &instance->name},
        {state->version, &instance->version},
        {state->input, &instance->input},
        {state->output, &instance->output},
        {state->custom_status, &instance->custom_status},
        {state->execution_id, &instance->execution_id},
        {state->parent_instance_id, &instance->parent_id},
    };
    for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
        if (sdk_text_of_opt(arena, texts[t].value, texts[t].place) != STATUS_OK)
            return STATUS_NO_MEMORY;
    if (sdk_tags_of_wire(arena, state->tags, state->tags_count, &instance->tags) != STATUS_OK)
        return STATUS_NO_MEMORY;
    instance->tag_count = state->tags_count;
    if (state->failure_details) {
        instance->failure = sdk_failure_of_wire(arena, state->failure_details);
        if (!instance->failure)
            return STATUS_NO_MEMORY;
    }
    instance->status = (enum dt_instance_status)state->orchestration_status;
    instance->created_ns = pb_time_to_ns(state->created_timestamp);
    instance->updated_ns = pb_time_to_ns(state->last_updated_timestamp);
    instance->completed_ns = pb_time_to_ns(state->completed_timestamp);
    instance->scheduled_start_ns = pb_time_to_ns(state->scheduled_start_timestamp);
    return STATUS_OK;
}

enum status sdk_instance_create(const struct pb_orchestration_state *state, struct dt_instance **ret_instance)
{
    struct dt_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return STATUS_NO_MEMORY;
    arena_init(&instance->arena, 0);
    atomic_init(&instance->references, 1);
    enum status status = fill_instance(instance, state);
    if (status != STATUS_OK)
        dt_instance_destroy(instance);
    else
        *ret_instance = instance;
    return status;
}

void dt_instance_destroy(struct dt_instance *instance)
{
    if (!instance || atomic_fetch_sub_explicit(&instance->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_fini(&instance->arena);
    free(instance);
}

enum dt_status dt_instance_copy(const struct dt_instance *instance, struct dt_instance **ret_copy)
{
    if (!instance || !ret_copy)
        return DT_INVALID_ARGUMENT;
    struct dt_instance *shared = (struct dt_instance *)instance; /* only its counter changes */
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    *ret_copy = shared;
    return DT_OK;
}

const char *dt_instance_id(const struct dt_instance *instance)
{
    return instance->id;
}

const char *dt_instance_name(const struct dt_instance *instance)
{
    return instance->name;
}

const char *dt_instance_version(const struct dt_instance *instance)
{
    return instance->version;
}

enum dt_instance_status dt_instance_status(const struct dt_instance *instance)
{
    return instance->status;
}

int64_t dt_instance_created_ns(const struct dt_instance *instance)
{
    return instance->created_ns;
}

int64_t dt_instance_updated_ns(const struct dt_instance *instance)
{
    return instance->updated_ns;
}

int64_t dt_instance_completed_ns(const struct dt_instance *instance)
{
    return instance->completed_ns;
}

int64_t dt_instance_scheduled_start_ns(const struct dt_instance *instance)
{
    return instance->scheduled_start_ns;
}

const char *dt_instance_input(const struct dt_instance *instance)
{
    return instance->input;
}

const char *dt_instance_output(const struct dt_instance *instance)
{
    return instance->output;
}

const char *dt_instance_custom_status(const struct dt_instance *instance)
{
    return instance->custom_status;
}

const char *dt_instance_execution_id(const struct dt_instance *instance)
{
    return instance->execution_id;
}

const char *dt_instance_parent_id(const struct dt_instance *instance)
{
    return instance->parent_id;
}

const struct dt_failure *dt_instance_failure(const struct dt_instance *instance)
{
    return instance->failure;
}

const struct dt_tag *dt_instance_tags(const struct dt_instance *instance, size_t *ret_count)
{
    *ret_count = instance->tag_count;
    return instance->tag_count ? instance->tags : NULL;
}

const char *dt_instance_tag(const struct dt_instance *instance, const char *key)
{
    for (size_t i = instance->tag_count; i > 0; i--)
        if (strcmp(instance->tags[i - 1].key, key) == 0)
            return instance->tags[i - 1].value;
    return NULL;
}

const char *dt_instance_status_name(enum dt_instance_status status)
{
    static const char *const names[] = {"running",   "completed",  "continued-as-new", "failed",
                                        "cancelled", "terminated", "pending",          "suspended"};
    return (unsigned)status < ARRAY_SIZE(names) ? names[status] : "unknown";
}

bool dt_instance_status_final(enum dt_instance_status status)
{
    return status == DT_INSTANCE_COMPLETED || status == DT_INSTANCE_FAILED ||
           status == DT_INSTANCE_CANCELLED || status == DT_INSTANCE_TERMINATED;
}

/* --- pages --- */

struct dt_page {
    struct dt_instance **instances;
    size_t count;
    char *token;
};

enum status sdk_page_create(const struct pb_query_instances_response *response, struct dt_page **ret_page)
{
    struct dt_page *page = calloc(1, sizeof *page);
    if (!page)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    size_t count = response->orchestration_state_count;
    page->instances = calloc(MAX(count, 1), sizeof(struct dt_instance *));
    if (!page->instances)
        status = STATUS_NO_MEMORY;
    for (; status == STATUS_OK && page->count < count; page->count += status == STATUS_OK)
        status =
            sdk_instance_create(&response->orchestration_state[page->count], &page->instances[page->count]);
    struct bytes token = response->continuation_token.value;
    if (status == STATUS_OK && token.size) { /* an empty one would begin again at the first page, for ever */
        page->token = malloc(token.size + 1);
        if (!page->token) {
            status = STATUS_NO_MEMORY;
        } else {
            memcpy(page->token, token.data, token.size);
            page->token[token.size] = '\0';
        }
    }
    if (status != STATUS_OK)
        dt_page_destroy(page);
    else
        *ret_page = page;
    return status;
}

size_t dt_page_count(const struct dt_page *page)
{
    return page->count;
}

const struct dt_instance *dt_page_instance(const struct dt_page *page, size_t index)
{
    ASSERT(index < page->count);
    return page->instances[index];
}

const char *dt_page_token(const struct dt_page *page)
{
    return page->token;
}

void dt_page_destroy(struct dt_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        dt_instance_destroy(page->instances[i]);
    free(page->instances);
    free(page->token);
    free(page);
}
