/* SPDX-License-Identifier: MIT */
/* sdk_answer_fuzz.c — any bytes as what a hostile or broken service answers a client, by the two lowest bits of the first
 * byte: a page of instances, a history in two chunks, a page of entities, schedules among them, or a list of ids. Whatever is in it, all that the user can read is
 * there: C strings that end, failures at most 32 deep, kinds and statuses with a name. */
#include "sdk/client/entity_snapshot.h"
#include "sdk/client/history.h"
#include "sdk/client/ids.h"
#include "sdk/client/snapshot.h"

#include <string.h>

#define ARENA_LIMIT ((size_t)16 << 20) /* bytes */
#define DEPTH_MAX   32                 /* of failures, as the header says */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads each byte, so that the sanitizer sees one that is not there. */
static void read_text(const char *text)
{
    ASSERT(!text || strlen(text) <= ARENA_LIMIT);
}

static void read_failure(const struct dt_failure *failure)
{
    int depth = 0;
    for (; failure; failure = failure->inner, depth++) {
        read_text(failure->type);
        read_text(failure->message);
        read_text(failure->stack_trace);
    }
    ASSERT(depth <= DEPTH_MAX);
}

static void read_instance(const struct dt_instance *i)
{
    const char *(*const texts[])(const struct dt_instance *) = {
        dt_instance_id,     dt_instance_name,          dt_instance_version,      dt_instance_input,
        dt_instance_output, dt_instance_custom_status, dt_instance_execution_id, dt_instance_parent_id};
    for (size_t n = 0; n < ARRAY_SIZE(texts); n++)
        read_text(texts[n](i));
    ASSERT(dt_instance_id(i) && dt_instance_status_name(dt_instance_status(i)));
    read_failure(dt_instance_failure(i));
    size_t count;
    const struct dt_tag *tags = dt_instance_tags(i, &count);
    for (size_t n = 0; n < count; n++) {
        read_text(tags[n].value);
        ASSERT(dt_instance_tag(i, tags[n].key));
    }
}

static void try_page(struct arena *a, struct bytes in)
{
    struct pb_query_instances_response response;
    struct dt_page *page;
    if (pb_query_instances_response_decode(a, in, &response) != STATUS_OK ||
        sdk_page_create(&response, &page) != STATUS_OK)
        return;
    ASSERT(dt_page_count(page) == response.orchestration_state_count);
    for (size_t n = 0; n < dt_page_count(page); n++) {
        struct dt_instance *copy;
        ASSERT(dt_instance_copy(dt_page_instance(page, n), &copy) == DT_OK);
        read_instance(copy);
        dt_instance_destroy(copy);
    }
    read_text(dt_page_token(page));
    dt_page_destroy(page);
}

static void try_history(struct bytes in)
{
    struct dt_history *h = sdk_history_create();
    ASSERT(h);
    size_t half = in.size / 2;
    enum status s = sdk_history_append(h, bytes_slice(in, 0, half));
    if (s == STATUS_OK)
        s = sdk_history_append(h, bytes_slice(in, half, in.size));
    for (size_t n = 0; n < dt_history_count(h); n++) {
        struct dt_event event = DT_INIT(struct dt_event);
        dt_history_event(h, n, &event);
        ASSERT(dt_event_kind_name(event.kind) && dt_instance_status_name(event.status));
        read_text(event.name);
        read_text(event.instance_id);
        read_text(event.data);
        read_failure(event.failure);
    }
    ASSERT(s == STATUS_OK || s == STATUS_MALFORMED || s == STATUS_NO_MEMORY);
    dt_history_destroy(h);
}

static void read_schedule(const struct dt_entity *entity)
{
    struct dt_schedule *schedule;
    if (dt_schedule_of(entity, &schedule) != DT_OK)
        return;
    struct dt_schedule_info info = DT_INIT(struct dt_schedule_info);
    dt_schedule_read(schedule, &info);
    ASSERT(info.id && info.orchestration);
    read_text(info.input);
    read_text(info.instance_id);
    dt_schedule_destroy(schedule);
}

static void try_entities(struct arena *a, struct bytes in)
{
    struct pb_query_entities_response response;
    struct dt_entities *page;
    if (pb_query_entities_response_decode(a, in, &response) != STATUS_OK ||
        sdk_entities_create(&response, &page) != STATUS_OK)
        return;
    ASSERT(dt_entities_count(page) == response.entities_count);
    for (size_t n = 0; n < dt_entities_count(page); n++) {
        struct dt_entity *copy;
        ASSERT(dt_entity_copy(dt_entities_get(page, n), &copy) == DT_OK);
        ASSERT(dt_entity_id_of(copy).name[0] && dt_entity_id_of(copy).key);
        read_text(dt_entity_state(copy));
        read_text(dt_entity_locked_by(copy));
        read_schedule(copy);
        dt_entity_destroy(copy);
    }
    read_text(dt_entities_token(page));
    dt_entities_destroy(page);
}

static void try_ids(struct arena *a, struct bytes in)
{
    struct pb_list_instance_ids_response response;
    struct dt_ids *list;
    if (pb_list_instance_ids_response_decode(a, in, &response) != STATUS_OK ||
        sdk_ids_create(response.instance_ids, response.instance_ids_count, response.last_instance_key.value,
                       &list) != STATUS_OK)
        return;
    for (size_t n = 0; n < dt_ids_count(list); n++)
        ASSERT(dt_ids_get(list, n));
    read_text(dt_ids_token(list));
    dt_ids_destroy(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    CLEANUP(arena_fini) struct arena a = {0};
    arena_init(&a, ARENA_LIMIT);
    switch (data[0] & 3) {
    case 0:
        try_page(&a, in);
        break;
    case 1:
        try_history(in);
        break;
    case 2:
        try_entities(&a, in);
        break;
    default:
        try_ids(&a, in);
        break;
    }
    return 0;
}
