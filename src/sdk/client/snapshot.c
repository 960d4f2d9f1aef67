/* SPDX-License-Identifier: MIT */
#include "sdk/client/snapshot.h"

#include <stdlib.h>

#include "sdk/convert.h"

/* ---- instances ---- */

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

static STATUS_RESULT fill_instance(struct dt_instance *i, const struct pb_orchestration_state *s)
{
    struct arena *a = &i->arena;
    const struct {
        struct pb_opt_bytes value;
        const char **place;
    } texts[] = {
        {pb_some(s->instance_id), &i->id},
        {pb_some(s->name), &i->name},
        {s->version, &i->version},
        {s->input, &i->input},
        {s->output, &i->output},
        {s->custom_status, &i->custom_status},
        {s->execution_id, &i->execution_id},
        {s->parent_instance_id, &i->parent_id},
    };
    for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
        if (sdk_text_of_opt(a, texts[t].value, texts[t].place) != STATUS_OK)
            return STATUS_NO_MEMORY;
    if (sdk_tags_of_wire(a, s->tags, s->tags_count, &i->tags) != STATUS_OK)
        return STATUS_NO_MEMORY;
    i->tag_count = s->tags_count;
    if (s->failure_details) {
        i->failure = sdk_failure_of_wire(a, s->failure_details);
        if (!i->failure)
            return STATUS_NO_MEMORY;
    }
    i->status = (enum dt_instance_status)s->orchestration_status;
    i->created_ns = pb_time_to_ns(s->created_timestamp);
    i->updated_ns = pb_time_to_ns(s->last_updated_timestamp);
    i->completed_ns = pb_time_to_ns(s->completed_timestamp);
    i->scheduled_start_ns = pb_time_to_ns(s->scheduled_start_timestamp);
    return STATUS_OK;
}

STATUS_RESULT sdk_instance_create(const struct pb_orchestration_state *state,
                                  struct dt_instance **ret_instance)
{
    struct dt_instance *i = calloc(1, sizeof *i);
    if (!i)
        return STATUS_NO_MEMORY;
    arena_init(&i->arena, 0);
    atomic_init(&i->references, 1);
    enum status s = fill_instance(i, state);
    if (s != STATUS_OK)
        dt_instance_destroy(i);
    else
        *ret_instance = i;
    return s;
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

/* ---- pages ---- */

struct dt_page {
    struct dt_instance **instances;
    size_t count;
    char *token;
};

STATUS_RESULT sdk_page_create(const struct pb_query_instances_response *response, struct dt_page **ret_page)
{
    struct dt_page *p = calloc(1, sizeof *p);
    if (!p)
        return STATUS_NO_MEMORY;
    enum status s = STATUS_OK;
    size_t count = response->orchestration_state_count;
    p->instances = calloc(MAX(count, 1), sizeof(struct dt_instance *));
    if (!p->instances)
        s = STATUS_NO_MEMORY;
    for (; s == STATUS_OK && p->count < count; p->count += s == STATUS_OK)
        s = sdk_instance_create(&response->orchestration_state[p->count], &p->instances[p->count]);
    struct bytes token = response->continuation_token.value;
    if (s == STATUS_OK && token.size) { /* an empty one would begin again at the first page, for ever */
        p->token = malloc(token.size + 1);
        if (!p->token) {
            s = STATUS_NO_MEMORY;
        } else {
            memcpy(p->token, token.data, token.size);
            p->token[token.size] = '\0';
        }
    }
    if (s != STATUS_OK)
        dt_page_destroy(p);
    else
        *ret_page = p;
    return s;
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
