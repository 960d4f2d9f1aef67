/* SPDX-License-Identifier: MIT */
/* printed.c — places as text; texts that grow and are settled; pieces behind a place. */
#include "svc/app/printed.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/json/json.h"

/* --- places --- */

static const char *const marks[] = {[PRINTED_STORED] = "", [PRINTED_LIVE] = "live", [PRINTED_END] = "end"};

static bool take_mark(struct bytes word, struct printed_place *place)
{
    for (size_t i = PRINTED_LIVE; i < ARRAY_SIZE(marks); i++) {
        if (!bytes_equal_cstr(word, marks[i]))
            continue;
        place->mark = (enum printed_mark)i;
        return true;
    }
    return false;
}

static bool take_number(struct bytes word, uint64_t *ret_number)
{
    return bytes_parse_u64(word, ret_number) == STATUS_OK && *ret_number <= INT64_MAX;
}

bool printed_place_parse(struct bytes text, struct printed_place *ret_place)
{
    struct printed_place place = {.mark = PRINTED_STORED};
    uint64_t *const numbers[] = {&place.at[PRINTED_STDOUT], &place.at[PRINTED_STDERR], &place.outputs};
    size_t count = 0;
    bool sound = !bytes_equal_cstr(text, "");
    if (bytes_equal_cstr(text, "0")) {
        *ret_place = place;
        return true;
    }
    while (sound && text.data) {
        struct bytes word = bytes_split(&text, ',');
        if (count == ARRAY_SIZE(numbers))
            sound = !text.data && take_mark(word, &place);
        else
            sound = take_number(word, numbers[count++]);
    }
    sound = sound && count >= PRINTED_STREAMS;
    if (sound)
        *ret_place = place;
    return sound;
}

void printed_place_write(struct buf *out, const struct printed_place *place)
{
    buf_append_fmt(out, "%llu,%llu,%llu", (unsigned long long)place->at[PRINTED_STDOUT],
                   (unsigned long long)place->at[PRINTED_STDERR], (unsigned long long)place->outputs);
    if (place->mark != PRINTED_STORED)
        buf_append_fmt(out, ",%s", marks[place->mark]);
}

/* --- texts --- */

void printed_fini(struct printed *printed)
{
    for (size_t i = 0; i < PRINTED_STREAMS; i++)
        buf_fini(&printed->text[i]);
    json_decref(printed->outputs);
    *printed = (struct printed){.whole = false};
}

bool printed_add(struct printed *printed, enum printed_stream stream, struct bytes text, size_t size_max)
{
    struct buf *to = &printed->text[stream];
    if (printed->whole || to->size + text.size > size_max || buf_reserve(to, text.size) != STATUS_OK)
        return false;
    buf_append_bytes(to, text);
    return true;
}

/* The result says of itself that something was left out. */
static bool is_cut(const json_t *result)
{
    static const char *const flags[] = {"stdoutTruncated", "stderrTruncated", "resultTruncated",
                                        "outputsTruncated"};
    bool cut = false;
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        cut = cut || json_is_true(json_object_get(result, flags[i]));
    return cut;
}

enum status printed_settle(struct printed *printed, const json_t *result, bool *ret_goes_on)
{
    static const char *const names[] = {[PRINTED_STDOUT] = "stdout", [PRINTED_STDERR] = "stderr"};
    struct printed stored = {.whole = true, .cut = is_cut(result)};
    bool goes_on = true;
    for (size_t i = 0; i < PRINTED_STREAMS; i++) {
        struct bytes text = json_member_bytes(result, names[i]);
        if (buf_reserve(&stored.text[i], text.size) != STATUS_OK) {
            printed_fini(&stored);
            return STATUS_NO_MEMORY;
        }
        buf_append_bytes(&stored.text[i], text);
        goes_on = goes_on && bytes_starts_with(buf_peek(&stored.text[i]), buf_peek(&printed->text[i]));
    }
    stored.cut = stored.cut || !goes_on;
    stored.outputs = json_incref(json_object_get(result, "outputs"));
    printed_fini(printed);
    *printed = stored;
    *ret_goes_on = goes_on;
    return STATUS_OK;
}

/* --- pieces --- */

static bool inside_character(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* A place that somebody made up may stand within a character: what is left of that is passed over. */
static struct bytes rest_of(const struct buf *text, uint64_t *at)
{
    while (*at < text->size && inside_character(text->data[*at]))
        (*at)++;
    return *at < text->size ? bytes_slice(buf_peek(text), (size_t)*at, SIZE_MAX) : (struct bytes){0};
}

/* What the reader has is not the beginning of what there is. */
static bool is_astray(const struct printed *printed, const struct printed_place *place)
{
    bool beyond = place->outputs > json_array_size(printed->outputs);
    for (size_t i = 0; i < PRINTED_STREAMS; i++)
        beyond = beyond || place->at[i] > printed->text[i].size;
    return printed->whole && (beyond || (place->mark == PRINTED_LIVE && printed->cut));
}

static enum printed_kind next_output(const struct printed *printed, struct printed_place *place,
                                     struct buf *out)
{
    const json_t *output = json_array_get(printed->outputs, (size_t)place->outputs);
    if (!printed->whole)
        return PRINTED_NOTHING;
    if (!output) {
        place->mark = PRINTED_END;
        return PRINTED_ALL;
    }
    char *text = json_dumps(output, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_append_cstr(out, text_or(text, "null"));
    free(text);
    place->outputs++;
    return PRINTED_OUTPUT;
}

enum printed_kind printed_next(const struct printed *printed, struct printed_place *place, size_t size_max,
                               enum printed_stream *ret_stream, struct buf *out)
{
    if (is_astray(printed, place)) {
        *place = (struct printed_place){.mark = PRINTED_STORED};
        return PRINTED_OTHER;
    }
    place->mark = printed->whole ? PRINTED_STORED : PRINTED_LIVE;
    for (size_t i = 0; i < PRINTED_STREAMS; i++) {
        struct bytes piece = bytes_utf8_prefix(rest_of(&printed->text[i], &place->at[i]), size_max);
        if (piece.size == 0)
            continue;
        buf_append_bytes(out, piece);
        place->at[i] += piece.size;
        *ret_stream = (enum printed_stream)i;
        return PRINTED_TEXT;
    }
    return next_output(printed, place, out);
}
