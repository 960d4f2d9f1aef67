/* SPDX-License-Identifier: MIT */
/* A template of anybody's is read, its bodies and outputs are made; whatever it says ends soon, and what comes of it can be
 * written out. */
#include <stdlib.h>

#include "core/template/relaxed.h"
#include "core/template/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status refer(void *context, struct bytes id, bool full, json_t **ret_value, struct err *err)
{
    (void)context, (void)full, (void)err;
    if (id.size % 2)
        return STATUS_UNAVAILABLE;
    *ret_value = json_pack("{s:s#}", "id", (const char *)id.data, (int)MIN(id.size, 64u));
    return *ret_value ? STATUS_OK : STATUS_NOT_FOUND;
}

static void sha1(void *context, struct bytes text, uint8_t ret_hash[20])
{
    (void)context;
    memset(ret_hash, (int)text.size, 20);
}

static void random_bytes(void *context, uint8_t ret_bytes[16])
{
    (void)context;
    memset(ret_bytes, 1, 16);
}

static void write_out(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    ASSERT(!value || text);
    free(text);
    json_decref(value);
}

static void walk(struct deployment_plan *plan)
{
    for (size_t i = 0; i < MIN(plan->resource_count, 50u); i++) {
        struct template_resource *resource = (&plan->resources[i]);
        struct err err = {0};
        json_t *body = NULL;
        ASSERT(resource->id[0] == '/' || resource->id[0] == '\0' || resource->written);
        (void)template_is_due(plan, resource);
        if (template_body(plan, resource, &body, &err) == STATUS_OK)
            write_out(body);
        resource->phase = TEMPLATE_MADE;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct template_place place = {
        .subscription = "s", .tenant = "t", .group = "g", .group_location = "l", .name = "d", .url = "u"};
    static const struct template_world world = {.refer = refer, .sha1 = sha1, .random = random_bytes};
    const struct json_limits limits = {.size_max = (size_t)256 << 10, .depth_max = 32, .values_max = 20000};
    struct deployment_plan *plan = NULL;
    struct err err = {0};
    json_t *written = NULL;
    json_t *outputs = NULL;
    /* What is strict already means the same. */
    CLEANUP(buf_fini) struct buf strict = {0};
    json_t *again = NULL;
    relaxed_to_json(bytes_of(data, size), &strict);
    ASSERT(strict.size <= 2 * size + 2);
    bool is_strict = json_parse(bytes_of(data, size), &limits, &written, NULL) == STATUS_OK;
    bool is_relaxed = json_parse(buf_peek(&strict), &limits, &again, NULL) == STATUS_OK;
    ASSERT(!is_strict || (is_relaxed && json_equal(written, again)) || strict.size > limits.size_max);
    json_decref(written);
    written = again;
    if (!is_relaxed)
        return 0;
    if (template_open(written, NULL, &place, &world, &plan, &err) != STATUS_OK) {
        ASSERT(err.text[0]);
        return 0;
    }
    walk(plan);
    if (template_outputs(plan, &outputs, &err) == STATUS_OK)
        write_out(outputs);
    write_out(template_parameters(plan));
    template_close(plan);
    return 0;
}
