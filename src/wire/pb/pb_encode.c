/* SPDX-License-Identifier: MIT */
/* pb_encode.c — two passes into one reservation.
 * The first pass notes the size of every nested message in the order in which the second pass needs them, so
 * that the second writes without looking at bounds; pb_encode asserts that both agree. */
#include <stdlib.h>

#include "wire/pb/pb_internal.h"

#define SIZES_INLINE 256 /* nested messages before the list moves to the heap */

/* The sizes of nested messages and packed arrays, in the order in which they are written. */
struct sizes {
    size_t *items;
    size_t count;
    size_t capacity;
    size_t next; /* of the writing pass */
    bool failed;
    size_t inline_items[SIZES_INLINE];
};

static void sizes_fini(struct sizes *sizes)
{
    if (sizes->items != sizes->inline_items)
        free(sizes->items);
}

/* Takes the next place in the list, to be filled by sizes_set. */
static size_t sizes_add(struct sizes *sizes)
{
    if (sizes->count == sizes->capacity) {
        size_t capacity = sizes->capacity * 2;
        size_t *items = malloc(capacity * sizeof *items);
        if (!items) {
            sizes->failed = true;
            return 0;
        }
        memcpy(items, sizes->items, sizes->count * sizeof *items);
        sizes_fini(sizes);
        sizes->items = items;
        sizes->capacity = capacity;
    }
    return sizes->count++;
}

INLINE size_t tag_size(uint32_t number)
{
    return varint_size((uint64_t)number << 3);
}

/* With the length in front. */
INLINE size_t delimited(size_t size)
{
    return varint_size(size) + size;
}

static uint64_t load_scalar(uint8_t kind, const void *slot)
{
    uint64_t value;
    int64_t extended;
    switch (kind) {
    case PB_KIND_BOOL:
        return *(const bool *)slot;
    case PB_KIND_INT32:
        extended = *(const int32_t *)slot;
        return (uint64_t)extended;
    default:
        memcpy(&value, slot, sizeof value);
        return value;
    }
}

INLINE size_t scalar_size(uint8_t kind, uint64_t value)
{
    return kind == PB_KIND_DOUBLE ? sizeof(double) : varint_size(value);
}

/* The two varints of a wrapper or time. */
static void opt_numbers(uint8_t kind, const void *slot, uint64_t values[2])
{
    const struct pb_opt_i32 *i32 = slot;
    const struct pb_opt_bool *b = slot;
    const struct pb_opt_time *time = slot;
    values[1] = 0;
    if (kind == PB_KIND_OPT_INT32)
        values[0] = (uint64_t)(int64_t)i32->value;
    else if (kind == PB_KIND_OPT_BOOL)
        values[0] = b->value;
    else
        values[0] = (uint64_t)time->seconds, values[1] = (uint64_t)(int64_t)time->nanos;
}

/* The contents of a message that is kept inline: fields 1 and 2, zeros left out. */
static size_t opt_size(uint8_t kind, const void *slot)
{
    if (kind == PB_KIND_OPT_STRING) {
        size_t size = ((const struct pb_opt_bytes *)slot)->value.size;
        if (size)
            return 1 + delimited(size);
        return 0;
    }
    uint64_t numbers[2];
    size_t size = 0;
    opt_numbers(kind, slot, numbers);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (numbers[i])
            size += 1 + varint_size(numbers[i]);
    return size;
}

static size_t size_message(const struct pb_message *type, const void *message, struct sizes *sizes,
                           int depth);

/* Of a nested message, without tag and length. Failure leaves `sizes->failed` and any number. */
static size_t size_nested(const struct pb_message *type, const void *message, struct sizes *sizes, int depth)
{
    if (depth == 0)
        sizes->failed = true;
    if (sizes->failed)
        return 0;
    size_t place = sizes_add(sizes);
    size_t size = size_message(type, message, sizes, depth - 1);
    if (size > PB_SIZE_MAX)
        sizes->failed = true;
    if (!sizes->failed)
        sizes->items[place] = size;
    return size;
}

/* The contents of a map entry, whose key and value are always sent. `value_size` is the value's contents. */
INLINE size_t entry_size(const struct message_entry *entry, size_t value_size)
{
    return 1 + delimited(entry->key.size) + 1 + delimited(value_size);
}

/* One value without its tag. */
static size_t size_value(const struct pb_field *field, const void *slot, struct sizes *sizes, int depth)
{
    const struct message_entry *entry = slot;
    const struct pb_string_entry *text = slot;
    size_t size;
    switch (field->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        return scalar_size(field->kind, load_scalar(field->kind, slot));
    case PB_KIND_STRING:
    case PB_KIND_BYTES:
        return delimited(((const struct bytes *)slot)->size);
    case PB_KIND_MESSAGE:
        return delimited(
            size_nested(field->message, field->repeated ? slot : *(void *const *)slot, sizes, depth));
    case PB_KIND_STRING_MAP:
        return delimited(entry_size(entry, text->value.size));
    case PB_KIND_MESSAGE_MAP: /* the entry itself is a level too */
        if (depth == 0)
            sizes->failed = true;
        size =
            entry->value && !sizes->failed ? size_nested(field->message, entry->value, sizes, depth - 1) : 0;
        return delimited(entry_size(entry, size));
    default:
        return delimited(opt_size(field->kind, slot));
    }
}

static size_t size_repeated(const struct pb_field *field, const void *message, struct sizes *sizes, int depth)
{
    const char *slot = *(char **)member(message, field->offset);
    size_t count = *(size_t *)member(message, field->count_offset);
    size_t step = pb_element_size(field), size = 0;
    if (count == 0)
        return 0;
    bool packed = kind_is_scalar(field->kind);
    size_t place = packed ? sizes_add(sizes) : 0;
    for (size_t i = 0; i < count && !sizes->failed; i++, slot += step)
        size += size_value(field, slot, sizes, depth);
    if (!packed)
        return size + count * tag_size(field->number);
    if (!sizes->failed)
        sizes->items[place] = size;
    return tag_size(field->number) + delimited(size);
}

/* True if a singular field that is not in a oneof has to be sent. */
static bool is_present(const struct pb_field *field, const void *slot)
{
    switch (field->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        return load_scalar(field->kind, slot) != 0;
    case PB_KIND_STRING:
    case PB_KIND_BYTES:
        return ((const struct bytes *)slot)->size != 0;
    case PB_KIND_MESSAGE:
        return *(void *const *)slot != NULL;
    default: /* the wrappers and times start with `present` */
        return *(const bool *)slot;
    }
}

/* In place of the run of oneof members that starts at `field`: the one that is set, or NULL if none is. */
static const struct pb_field *run_member(const struct pb_message *type, const struct pb_field *field,
                                         const void *message)
{
    uint32_t which = *(uint32_t *)member(message, type->case_offset);
    if (which < field->number || which > field[field->oneof_run - 1].number || type->index[which] == 0)
        return NULL;
    field = &type->fields[type->index[which] - 1];
    bool missing = field->kind == PB_KIND_MESSAGE && !*(void **)member(message, field->offset);
    return missing ? NULL : field;
}

/* The next field to be sent, or NULL behind the last. `*place` starts at 0. A repeated field may be empty. */
INLINE const struct pb_field *next_field(const struct pb_message *type, const void *message, size_t *place)
{
    while (*place < type->field_count) {
        const struct pb_field *field = &type->fields[*place];
        *place += field->in_oneof ? field->oneof_run : 1;
        if (field->in_oneof)
            field = run_member(type, field, message);
        else if (!field->repeated && !is_present(field, member(message, field->offset)))
            continue;
        if (field)
            return field;
    }
    return NULL;
}

static size_t size_message(const struct pb_message *type, const void *message, struct sizes *sizes, int depth)
{
    const struct pb_field *field;
    size_t size = ((const struct message_head *)message)->unknown.size;
    for (size_t place = 0; (field = next_field(type, message, &place));) {
        if (field->repeated)
            size += size_repeated(field, message, sizes, depth);
        else
            size += tag_size(field->number) + size_value(field, member(message, field->offset), sizes, depth);
    }
    return size;
}

/* --- The bytes; the sizes have reserved their room --- */

/* The size that sizes_take gives next. */
INLINE size_t sizes_peek(const struct sizes *sizes)
{
    ASSERT(sizes->next < sizes->count);
    /* The analyzer does not see that the first pass filled the list. */
    return sizes->items[sizes->next]; /* NOLINT(clang-analyzer-core.*) */
}

/* The next size, in the order of sizes_add. */
INLINE size_t sizes_take(struct sizes *sizes)
{
    size_t size = sizes_peek(sizes);
    sizes->next++;
    return size;
}

INLINE uint8_t *write_tag(uint8_t *at, uint32_t number, uint32_t wire)
{
    return write_varint(at, (uint64_t)number << 3 | wire);
}

INLINE uint8_t *write_raw(uint8_t *at, struct bytes bytes)
{
    if (bytes.size)
        memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

INLINE uint8_t *write_delimited(uint8_t *at, struct bytes bytes)
{
    return write_raw(write_varint(at, bytes.size), bytes);
}

static uint8_t *write_scalar(uint8_t *at, uint8_t kind, uint64_t value)
{
    if (kind == PB_KIND_DOUBLE)
        return write_fixed64(at, value);
    return write_varint(at, value);
}

static uint8_t *write_opt(uint8_t *at, uint8_t kind, const void *slot)
{
    at = write_varint(at, opt_size(kind, slot));
    if (kind == PB_KIND_OPT_STRING) {
        struct bytes value = ((const struct pb_opt_bytes *)slot)->value;
        if (value.size)
            return write_delimited(write_tag(at, 1, PB_WIRE_BYTES), value);
        return at;
    }
    uint64_t v[2];
    opt_numbers(kind, slot, v);
    if (v[0])
        at = write_varint(write_tag(at, 1, PB_WIRE_VARINT), v[0]);
    if (v[1])
        at = write_varint(write_tag(at, 2, PB_WIRE_VARINT), v[1]);
    return at;
}

static uint8_t *write_message(uint8_t *at, const struct pb_message *type, const void *message,
                              struct sizes *sizes);

static uint8_t *write_nested(uint8_t *at, const struct pb_message *type, const void *message,
                             struct sizes *sizes)
{
    return write_message(write_varint(at, sizes_take(sizes)), type, message, sizes);
}

static uint8_t *write_entry(uint8_t *at, const struct pb_field *field, const struct message_entry *entry,
                            struct sizes *sizes)
{
    size_t value_size = entry->value ? sizes_peek(sizes) : 0;
    at = write_varint(at, entry_size(entry, value_size));
    at = write_delimited(write_tag(at, 1, PB_WIRE_BYTES), entry->key);
    at = write_tag(at, 2, PB_WIRE_BYTES);
    if (entry->value)
        return write_nested(at, field->message, entry->value, sizes);
    return write_varint(at, 0);
}

static uint8_t *write_string_entry(uint8_t *at, const struct pb_string_entry *entry)
{
    at = write_varint(at, 1 + delimited(entry->key.size) + 1 + delimited(entry->value.size));
    at = write_delimited(write_tag(at, 1, PB_WIRE_BYTES), entry->key);
    return write_delimited(write_tag(at, 2, PB_WIRE_BYTES), entry->value);
}

/* One value without its tag. */
static uint8_t *write_value(uint8_t *at, const struct pb_field *field, const void *slot, struct sizes *sizes)
{
    switch (field->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        return write_scalar(at, field->kind, load_scalar(field->kind, slot));
    case PB_KIND_STRING:
    case PB_KIND_BYTES:
        return write_delimited(at, *(const struct bytes *)slot);
    case PB_KIND_MESSAGE:
        return write_nested(at, field->message, field->repeated ? slot : *(void *const *)slot, sizes);
    case PB_KIND_STRING_MAP:
        return write_string_entry(at, slot);
    case PB_KIND_MESSAGE_MAP:
        return write_entry(at, field, slot, sizes);
    default:
        return write_opt(at, field->kind, slot);
    }
}

static uint8_t *write_repeated(uint8_t *at, const struct pb_field *field, const void *message,
                               struct sizes *sizes)
{
    const char *slot = *(char **)member(message, field->offset);
    size_t count = *(size_t *)member(message, field->count_offset);
    size_t step = pb_element_size(field);
    bool packed = kind_is_scalar(field->kind);
    if (packed && count)
        at = write_varint(write_tag(at, field->number, PB_WIRE_BYTES), sizes_take(sizes));
    for (size_t i = 0; i < count; i++, slot += step) {
        if (!packed)
            at = write_tag(at, field->number, PB_WIRE_BYTES);
        at = write_value(at, field, slot, sizes);
    }
    return at;
}

static uint8_t *write_message(uint8_t *at, const struct pb_message *type, const void *message,
                              struct sizes *sizes)
{
    const struct pb_field *field;
    for (size_t place = 0; (field = next_field(type, message, &place));) {
        if (field->repeated)
            at = write_repeated(at, field, message, sizes);
        else
            at = write_value(write_tag(at, field->number, kind_wire(field->kind)), field,
                             member(message, field->offset), sizes);
    }
    return write_raw(at, ((const struct message_head *)message)->unknown);
}

/* Fills `sizes` and returns the size of the whole, SIZE_MAX on failure. */
static size_t size_all(const struct pb_message *type, const void *message, struct sizes *sizes)
{
    sizes->items = sizes->inline_items;
    sizes->capacity = SIZES_INLINE;
    sizes->count = sizes->next = 0;
    sizes->failed = false;
    size_t size = size_message(type, message, sizes, PB_DEPTH_MAX);
    return sizes->failed || size > PB_SIZE_MAX ? SIZE_MAX : size;
}

size_t pb_size(const struct pb_message *type, const void *message)
{
    struct sizes sizes;
    size_t size = size_all(type, message, &sizes);
    sizes_fini(&sizes);
    return size;
}

void pb_encode(const struct pb_message *type, const void *message, struct buf *out)
{
    struct sizes sizes;
    size_t size = size_all(type, message, &sizes);
    if (out->failed || size == SIZE_MAX || buf_reserve(out, size) != STATUS_OK) {
        out->failed = true;
    } else if (size > 0) {
        uint8_t *end = write_message(out->data + out->size, type, message, &sizes);
        ASSERT(end == out->data + out->size + size && sizes.next == sizes.count);
        out->size += size;
    }
    sizes_fini(&sizes);
}
