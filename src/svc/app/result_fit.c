/* SPDX-License-Identifier: MIT */
/* result_fit.c — in this order, and only as far as needed: what stands twice, what can be done without, the
 * middle of the largest texts. */
#include "svc/app/result_fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define PARTS_MAX       68                 /* texts that can be cut: four, and those of outputs */
#define PART_COST_MIN   ((size_t)2 << 10)  /* less of a text than this is no help to anybody */
#define NOTICE_COST_MAX 64                 /* of the line in the middle */
#define FLAGS_COST_MAX  ((size_t)1 << 10)  /* of all members that say what was cut */
#define WORD_SIZE_MAX   ((size_t)100)      /* bytes of a status or a reason */
#define STREAM_COST_MAX ((size_t)24 << 10) /* of a result that cannot be shown */

/* A text that can be cut, and where that is said. */
struct result_part {
    json_t *holder;
    const char *name;
    const char *flag;
    const char *bytes; /* NULL: only the flag */
    size_t cost;       /* of the text in JSON, without its quotes */
};

struct result_parts {
    json_t *result;
    size_t count;
    struct result_part at[PARTS_MAX];
};

/* Bytes of one byte of text in JSON, as jansson writes it. */
static size_t byte_cost(uint8_t byte)
{
    if (byte == '"' || byte == '\\')
        return 2;
    if (byte >= ' ')
        return 1;
    bool named = byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t';
    return named ? 2 : 6;
}

static size_t text_cost(struct bytes text)
{
    size_t cost = 0;
    for (size_t i = 0; i < text.size; i++)
        cost += byte_cost(text.data[i]);
    return cost;
}

static struct bytes text_of(const json_t *string)
{
    return bytes_of(json_string_value(string), json_string_length(string));
}

/* The longest beginning of at most `cost_max`. */
static struct bytes head_of(struct bytes text, size_t cost_max)
{
    size_t size = 0;
    for (size_t cost = 0; size < text.size; size++) {
        cost += byte_cost(text.data[size]);
        if (cost > cost_max)
            break;
    }
    return bytes_utf8_prefix(text, size);
}

static bool inside_character(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The longest end of at most `cost_max`. */
static struct bytes tail_of(struct bytes text, size_t cost_max)
{
    size_t start = text.size;
    for (size_t cost = 0; start > 0; start--) {
        cost += byte_cost(text.data[start - 1]);
        if (cost > cost_max)
            break;
    }
    while (start < text.size && inside_character(text.data[start]))
        start++;
    return bytes_slice(text, start, text.size);
}

/* The pool may have cut the text already, and then says how many bytes there were. */
static size_t bytes_there_were(const json_t *result, const char *name, size_t size)
{
    const json_t *told = name ? json_object_get(result, name) : NULL;
    bool larger = json_is_integer(told) && json_integer_value(told) > (json_int_t)size;
    return larger ? (size_t)json_integer_value(told) : size;
}

/* Head and tail in equal parts: a pool's own notice, which stands in the middle too, goes with it. */
static enum status cut_part(const struct result_parts *parts, const struct result_part *part, size_t cost_max)
{
    struct bytes text = text_of(json_object_get(part->holder, part->name));
    size_t there_were = bytes_there_were(parts->result, part->bytes, text.size);
    struct bytes head = head_of(text, (cost_max - NOTICE_COST_MAX) / 2);
    struct bytes tail = tail_of(text, (cost_max - NOTICE_COST_MAX) / 2);
    CLEANUP(buf_fini) struct buf cut = {0};
    buf_append_bytes(&cut, head);
    buf_append_fmt(&cut, "\n... %zu bytes left out ...\n", there_were - head.size - tail.size);
    buf_append_bytes(&cut, tail);
    json_t *string = buf_status(&cut) == STATUS_OK ? json_stringn((const char *)cut.data, cut.size) : NULL;
    bool done = json_object_set_new(part->holder, part->name, string) == 0 &&
                json_object_set_new(parts->result, part->flag, json_true()) == 0;
    if (done && part->bytes)
        done = json_object_set_new(parts->result, part->bytes, json_integer((json_int_t)there_were)) == 0;
    return done ? STATUS_OK : STATUS_NO_MEMORY;
}

static void add_part(struct result_parts *parts, json_t *holder, const char *name, const char *flag,
                     const char *bytes)
{
    const json_t *string = json_object_get(holder, name);
    if (!json_is_string(string) || parts->count == PARTS_MAX)
        return;
    parts->at[parts->count++] = (struct result_part){holder, name, flag, bytes, text_cost(text_of(string))};
}

static void find_parts(struct result_parts *parts)
{
    json_t *result = parts->result;
    add_part(parts, result, "stdout", "stdoutTruncated", "stdoutBytes");
    add_part(parts, result, "stderr", "stderrTruncated", "stderrBytes");
    add_part(parts, result, "result", "resultTruncated", "resultBytes");
    add_part(parts, json_object_get(result, "error"), "value", "errorTruncated", "errorBytes");
    const json_t *outputs = json_object_get(result, "outputs");
    for (size_t i = 0; i < json_array_size(outputs); i++)
        add_part(parts, json_array_get(outputs, i), "text/plain", "outputsTruncated", NULL);
}

static int compare_costs(const void *one, const void *other)
{
    size_t left = ((const struct result_part *)one)->cost, right = ((const struct result_part *)other)->cost;
    return (left > right) - (left < right);
}

/* The cost that no part may be over, so that all of them together are within `budget`. Those below it stay
 * whole; so the largest are cut first. Sorts the parts. */
static size_t common_level(struct result_parts *parts, size_t budget)
{
    qsort(parts->at, parts->count, sizeof parts->at[0], compare_costs);
    for (size_t i = 0; i < parts->count; i++) {
        size_t share = budget / (parts->count - i);
        if (parts->at[i].cost > share)
            return share;
        budget -= parts->at[i].cost;
    }
    return SIZE_MAX;
}

static enum status cut_texts(json_t *result, size_t size, size_t size_max)
{
    struct result_parts parts = {.result = result};
    find_parts(&parts);
    size_t fixed = size + FLAGS_COST_MAX;
    for (size_t i = 0; i < parts.count; i++)
        fixed -= parts.at[i].cost;
    size_t level = fixed < size_max ? common_level(&parts, size_max - fixed) : 0;
    if (level < PART_COST_MIN)
        return STATUS_TOO_LARGE;
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.at[i].cost <= level)
            continue;
        enum status status = cut_part(&parts, &parts.at[i], level);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* True if `data`, of type `mime`, is what `value` shows: a picture, or a text. */
static bool same_as_value(const char *mime, const json_t *data, const json_t *value)
{
    if (json_is_string(value))
        return strcmp(mime, "text/plain") == 0 && json_equal(data, value);
    return strncmp(mime, "image/", 6) == 0 && json_equal(data, json_object_get(value, "base64_data"));
}

static enum status drop_what_stands_twice(json_t *result)
{
    const json_t *value = json_object_get(result, "result");
    size_t i;
    json_t *bundle, *data;
    const char *mime;
    void *next;
    json_array_foreach(json_object_get(result, "outputs"), i, bundle)
    {
        json_object_foreach_safe(bundle, next, mime, data)
        {
            if (!same_as_value(mime, data, value))
                continue;
            if (json_object_set_new(bundle, mime, json_pack("{s:s}", "in", "result")) != 0)
                return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

/* "stderr" has the traceback too; and of a value in several forms, a plain text is enough to judge it. */
static enum status drop_what_is_said_otherwise(json_t *result, size_t size, size_t size_max)
{
    json_t *error = json_object_get(result, "error");
    bool cut = json_object_del(error, "traceback") == 0;
    if (cut && json_object_set_new(result, "errorTruncated", json_true()) != 0)
        return STATUS_NO_MEMORY;
    size_t i;
    json_t *bundle, *data;
    const char *mime;
    void *next;
    cut = false;
    json_array_foreach(json_object_get(result, "outputs"), i, bundle)
    {
        if (!json_object_get(bundle, "text/plain"))
            continue;
        json_object_foreach_safe(bundle, next, mime, data)
        {
            if (strncmp(mime, "image/", 6) != 0 && strcmp(mime, "text/plain") != 0)
                cut = json_object_del(bundle, mime) == 0 || cut;
        }
    }
    if (cut && json_object_set_new(result, "outputsTruncated", json_true()) != 0)
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

static bool is_stream(const json_t *value)
{
    return json_is_string(value);
}

static bool is_word(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= WORD_SIZE_MAX;
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool is_flag(const json_t *value)
{
    return json_is_boolean(value);
}

/* What is left of a result that cannot be shown: only what is known to be small, or is cut. The pool may be
 * anybody's. */
static enum status reduce(json_t *result, size_t size)
{
    static const struct {
        const char *name;
        bool (*fits)(const json_t *value);
    } kept[] = {
        {"status", is_word},
        {"reason", is_word},
        {"stdout", is_stream},
        {"stderr", is_stream},
        {"stdoutBytes", is_number},
        {"stderrBytes", is_number},
        {"stdoutTruncated", is_flag},
        {"stderrTruncated", is_flag},
        {"executionTimeInMilliseconds", is_number},
    };
    json_t *rest = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (kept[i].fits(json_object_get(result, kept[i].name)))
            json_object_set(rest, kept[i].name, json_object_get(result, kept[i].name));
    json_object_clear(result);
    bool done = rest && json_object_update(result, rest) == 0 &&
                json_object_set_new(result, "resultTruncated", json_true()) == 0 &&
                json_object_set_new(result, "resultBytes", json_integer((json_int_t)size)) == 0;
    json_decref(rest);
    struct result_parts parts = {.result = result};
    find_parts(&parts);
    enum status status = done ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < parts.count; i++)
        if (parts.at[i].cost > STREAM_COST_MAX)
            status = cut_part(&parts, &parts.at[i], STREAM_COST_MAX);
    return status;
}

enum status result_fit(json_t *result, size_t size_max, char **ret_text)
{
    static enum status (*const steps[])(json_t * result, size_t size,
                                        size_t size_max) = {drop_what_is_said_otherwise, cut_texts};
    enum status status = drop_what_stands_twice(result);
    char *text = status == STATUS_OK ? json_dumps(result, JSON_COMPACT) : NULL;
    size_t size_before = text ? strlen(text) : 0;
    for (size_t i = 0; text && strlen(text) > size_max; i++) {
        status = i < ARRAY_SIZE(steps) ? steps[i](result, strlen(text), size_max) : STATUS_TOO_LARGE;
        if (status == STATUS_TOO_LARGE && reduce(result, size_before) != STATUS_OK)
            status = STATUS_NO_MEMORY;
        free(text);
        text = status != STATUS_NO_MEMORY ? json_dumps(result, JSON_COMPACT) : NULL;
        if (status == STATUS_TOO_LARGE)
            break;
    }
    if (!text)
        return STATUS_NO_MEMORY;
    *ret_text = text;
    return status;
}
