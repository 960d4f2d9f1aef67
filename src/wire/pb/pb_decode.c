/* SPDX-License-Identifier: MIT */
/* pb_decode.c — one pass into an arena.
 * A repeated field is counted ahead when its first element is met, so its array is allocated once and
 * exactly; the same holds for unknown fields that do not lie side by side. */
#include "wire/pb/pb_internal.h"

static enum status decode_message(struct arena *arena, struct bytes in, const struct pb_message *type,
                                  void *message, int depth);

static enum status decode_text(struct bytes in, struct bytes *ret)
{
    if (!bytes_utf8_valid(in))
        return STATUS_MALFORMED;
    *ret = in;
    return STATUS_OK;
}

static enum status decode_opt_string(struct bytes in, struct pb_opt_bytes *bytes)
{
    bytes->present = true;
    const uint8_t *p = in.data, *end = in.data + in.size;
    while (p != end) {
        struct token token;
        p = read_token(p, end, &token);
        if (!p)
            return STATUS_MALFORMED;
        if (token.number == 1 && token.wire == PB_WIRE_BYTES &&
            decode_text(token.bytes, &bytes->value) != STATUS_OK)
            return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* Reads the varint fields 1 and 2 of a wrapper or time over what is there already. */
static enum status decode_numbers(struct bytes in, uint64_t values[2])
{
    const uint8_t *p = in.data, *end = in.data + in.size;
    while (p != end) {
        struct token token;
        p = read_token(p, end, &token);
        if (!p)
            return STATUS_MALFORMED;
        if (token.wire == PB_WIRE_VARINT && (token.number == 1 || token.number == 2))
            values[token.number - 1] = token.value;
    }
    return STATUS_OK;
}

static enum status decode_opt_number(uint8_t kind, struct bytes in, void *slot)
{
    struct pb_opt_i32 *i32 = slot;
    struct pb_opt_bool *b = slot;
    struct pb_opt_time *time = slot;
    uint64_t v[2] = {0, 0};
    if (kind == PB_KIND_OPT_INT32)
        v[0] = (uint64_t)i32->value;
    else if (kind == PB_KIND_OPT_BOOL)
        v[0] = b->value;
    else
        v[0] = (uint64_t)time->seconds, v[1] = (uint64_t)time->nanos;
    if (decode_numbers(in, v) != STATUS_OK)
        return STATUS_MALFORMED;
    if (kind == PB_KIND_OPT_INT32)
        *i32 = (struct pb_opt_i32){true, (int32_t)(uint32_t)v[0]};
    else if (kind == PB_KIND_OPT_BOOL)
        *b = (struct pb_opt_bool){true, v[0] != 0};
    else
        *time = (struct pb_opt_time){true, (int64_t)v[0], (int32_t)(uint32_t)v[1]};
    return STATUS_OK;
}

/* Decodes into `*slot`, which is made if it is NULL and else added to. */
static enum status decode_pointer(struct arena *arena, struct bytes in, const struct pb_message *message,
                                  void **slot, int depth)
{
    if (!*slot)
        *slot = arena_alloc(arena, message->size);
    if (!*slot)
        return STATUS_NO_MEMORY;
    return decode_message(arena, in, message, *slot, depth);
}

/* A map entry is a message of key (1) and value (2), either of which may be missing or repeated. */
static enum status decode_entry(struct arena *arena, struct bytes in, const struct pb_field *field,
                                void *slot, int depth)
{
    struct message_entry *entry = slot;
    struct pb_string_entry *s = slot;
    const uint8_t *p = in.data, *end = in.data + in.size;
    while (p != end) {
        struct token token;
        p = read_token(p, end, &token);
        if (!p)
            return STATUS_MALFORMED;
        if (token.wire != PB_WIRE_BYTES || token.number > 2)
            continue;
        enum status st;
        if (token.number == 1)
            st = decode_text(token.bytes, &entry->key);
        else if (field->kind == PB_KIND_STRING_MAP)
            st = decode_text(token.bytes, &s->value);
        else
            st = depth > 0 ? decode_pointer(arena, token.bytes, field->message, &entry->value, depth - 1)
                           : STATUS_MALFORMED;
        if (st != STATUS_OK)
            return st;
    }
    if (field->kind != PB_KIND_MESSAGE_MAP || entry->value)
        return STATUS_OK;
    /* An entry always has a value, and the value a level: what is accepted can be encoded and read again. */
    if (depth <= 0)
        return STATUS_MALFORMED;
    return decode_pointer(arena, BYTES_LITERAL(""), field->message, &entry->value, depth - 1);
}

static void store_scalar(uint8_t kind, uint64_t value, void *slot)
{
    switch (kind) {
    case PB_KIND_BOOL:
        *(bool *)slot = value != 0;
        break;
    case PB_KIND_INT32:
        *(int32_t *)slot = (int32_t)(uint32_t)value;
        break;
    default: /* int64_t and double: the 64 bits as they are */
        memcpy(slot, &value, sizeof value);
    }
}

/* Stores one value of `field` in its member or array element. `depth`: how many levels may still open below the
 * message that holds the field. */
static enum status decode_value(struct arena *arena, const struct token *token, const struct pb_field *field,
                                void *slot, int depth)
{
    if (kind_is_scalar(field->kind)) {
        store_scalar(field->kind, token->value, slot);
        return STATUS_OK;
    }
    if (field->kind == PB_KIND_STRING)
        return decode_text(token->bytes, slot);
    if (field->kind == PB_KIND_BYTES) {
        *(struct bytes *)slot = token->bytes;
        return STATUS_OK;
    }
    if (depth == 0)
        return STATUS_MALFORMED;
    switch (field->kind) {
    case PB_KIND_OPT_STRING:
        return decode_opt_string(token->bytes, slot);
    case PB_KIND_MESSAGE:
        if (field->repeated)
            return decode_message(arena, token->bytes, field->message, slot, depth - 1);
        return decode_pointer(arena, token->bytes, field->message, slot, depth - 1);
    case PB_KIND_STRING_MAP:
    case PB_KIND_MESSAGE_MAP:
        return decode_entry(arena, token->bytes, field, slot, depth - 1);
    default:
        return decode_opt_number(field->kind, token->bytes, slot);
    }
}

/* Elements that one token of a repeated field holds; for packed numbers the varints that end in it. */
static size_t elements_in(const struct pb_field *field, const struct token *token)
{
    if (!kind_is_scalar(field->kind) || token->wire != PB_WIRE_BYTES)
        return 1;
    if (field->kind == PB_KIND_DOUBLE)
        return token->bytes.size / sizeof(double);
    size_t count = 0;
    for (size_t i = 0; i < token->bytes.size; i++)
        count += token->bytes.data[i] < 0x80;
    return count;
}

/* Sees the fields from `at` on that belong to `want` (NULL: that are unknown): the number of their elements,
 * or the bytes of the unknown ones. Stops at bad bytes; the decoder will meet them too. */
static size_t look_ahead(const struct pb_message *message, const struct pb_field *want, const uint8_t *at,
                         const uint8_t *end)
{
    size_t sum = 0;
    while (at != end) {
        struct token token;
        const uint8_t *next = read_token(at, end, &token);
        if (!next)
            break;
        if (field_of(message, &token) == want)
            sum += want ? elements_in(want, &token) : (size_t)(next - at);
        at = next;
    }
    return sum;
}

/* Makes room behind the elements that an earlier piece of the message left. `at`: the first token to come. */
static enum status prepare_array(struct arena *arena, const struct pb_message *type,
                                 const struct pb_field *field, void *message, const uint8_t *at,
                                 const uint8_t *end)
{
    void **array = member(message, field->offset);
    size_t have = *(size_t *)member(message, field->count_offset);
    void *grown = arena_alloc_array(arena, have + look_ahead(type, field, at, end), pb_element_size(field));
    if (!grown)
        return STATUS_NO_MEMORY;
    if (have)
        memcpy(grown, *array, have * pb_element_size(field));
    *array = grown;
    return STATUS_OK;
}

static enum status decode_packed(struct bytes in, const struct pb_field *field, char *array, size_t *count)
{
    const uint8_t *p = in.data, *end = in.data + in.size;
    if (field->kind == PB_KIND_DOUBLE && in.size % sizeof(double) != 0)
        return STATUS_MALFORMED;
    while (p != end) {
        uint64_t value;
        if (field->kind == PB_KIND_DOUBLE) {
            value = read_fixed(p, sizeof value);
            p += sizeof value;
        } else {
            p = read_varint(p, end, &value);
            if (!p)
                return STATUS_MALFORMED;
        }
        store_scalar(field->kind, value, array + pb_element_size(field) * (*count)++);
    }
    return STATUS_OK;
}

static enum status decode_repeated(struct arena *arena, const struct token *token,
                                   const struct pb_field *field, void *message, int depth)
{
    char *array = *(char **)member(message, field->offset);
    size_t *count = member(message, field->count_offset);
    if (kind_is_scalar(field->kind) && token->wire == PB_WIRE_BYTES)
        return decode_packed(token->bytes, field, array, count);
    return decode_value(arena, token, field, array + pb_element_size(field) * (*count)++, depth);
}

/* Keeps the unknown field between `start` and `next`. Runs that lie side by side stay a view into the input;
 * else `*room`, NULL at first, holds all unknown fields of this piece of the message. */
static enum status keep_unknown(struct arena *arena, const struct pb_message *message,
                                struct message_head *head, uint8_t **room, const uint8_t *start,
                                const uint8_t *next, const uint8_t *end)
{
    struct bytes *bytes = &head->unknown;
    if (bytes->size == 0)
        bytes->data = start;
    else if (!*room && bytes->data + bytes->size != start) {
        *room = arena_alloc_array(arena, bytes->size + look_ahead(message, NULL, start, end), 1);
        if (!*room)
            return STATUS_NO_MEMORY;
        memcpy(*room, bytes->data, bytes->size);
        bytes->data = *room;
    }
    if (*room)
        memcpy(*room + bytes->size, start, (size_t)(next - start));
    bytes->size += (size_t)(next - start);
    return STATUS_OK;
}

static enum status keep_raw(struct arena *arena, struct bytes in, struct message_head *head)
{
    if (head->raw.size == 0) {
        head->raw = in;
        return STATUS_OK;
    }
    if (in.size == 0)
        return STATUS_OK;
    uint8_t *joined = arena_alloc_array(arena, head->raw.size + in.size, 1);
    if (!joined)
        return STATUS_NO_MEMORY;
    memcpy(joined, head->raw.data, head->raw.size);
    memcpy(joined + head->raw.size, in.data, in.size);
    head->raw = (struct bytes){joined, head->raw.size + in.size};
    return STATUS_OK;
}

/* Makes `field` the set member: what another member left in the union is forgotten. */
static void select_case(const struct pb_message *type, const struct pb_field *field, void *message)
{
    uint32_t *which = member(message, type->case_offset);
    if (*which == field->number)
        return;
    if (field->kind == PB_KIND_MESSAGE)
        *(void **)member(message, field->offset) = NULL;
    else
        memset(member(message, field->offset), 0, pb_element_size(field));
    *which = field->number;
}

/* Adds `in` to a message that is zeroed, or that holds the earlier pieces of the same field. */
static enum status decode_message(struct arena *arena, struct bytes in, const struct pb_message *type,
                                  void *message, int depth)
{
    const uint8_t *p = in.data, *end = in.data + in.size;
    uint64_t prepared = 0; /* a bit for each repeated field whose array has room for the rest of `in` */
    uint8_t *room = NULL;
    enum status st = keep_raw(arena, in, message);
    while (st == STATUS_OK && p != end) {
        const uint8_t *start = p;
        struct token token;
        p = read_token(p, end, &token);
        if (!p)
            return STATUS_MALFORMED;
        const struct pb_field *field = field_of(type, &token);
        if (!field) {
            st = keep_unknown(arena, type, message, &room, start, p, end);
        } else if (field->repeated) {
            uint64_t bit = (uint64_t)1 << (field - type->fields);
            if (!(prepared & bit))
                st = prepare_array(arena, type, field, message, start, end);
            prepared |= bit;
            if (st == STATUS_OK)
                st = decode_repeated(arena, &token, field, message, depth);
        } else {
            if (field->in_oneof)
                select_case(type, field, message);
            st = decode_value(arena, &token, field, member(message, field->offset), depth);
        }
    }
    return st;
}

enum status pb_decode(struct arena *arena, struct bytes in, const struct pb_message *type, void *ret)
{
    _Alignas(16) char message[PB_STRUCT_SIZE_MAX];
    ASSERT(type->size <= sizeof message);
    memset(message, 0, type->size);
    if (!in.data)
        in = BYTES_LITERAL("");
    enum status st = decode_message(arena, in, type, message, PB_DEPTH_MAX);
    if (st == STATUS_OK)
        memcpy(ret, message, type->size);
    return st;
}
