/* SPDX-License-Identifier: MIT */
/* pb.c — decoding in one pass into an arena, encoding in two passes into one reservation.
 * Decoding: a repeated field is counted ahead when its first element is met, so its array is allocated once
 * and exactly; the same holds for unknown fields that do not lie side by side. Encoding: the first pass notes
 * the size of every nested message in the order in which the second pass needs them. */
#include "wire/pb/pb.h"

#include <stdlib.h>

#define NANOS_PER_SECOND 1000000000
#define INLINE           static inline __attribute__((always_inline))

/* The smallest layout that every generated struct starts with. */
struct message_head {
    struct bytes raw;
    struct bytes unknown;
};

/* The layout of every entry of a map to messages. */
struct message_entry {
    struct bytes key;
    void *value;
};

/* ---- Reading the wire ---- */

struct token {
    uint32_t number;
    uint32_t wire;
    uint64_t value;     /* varint and fixed */
    struct bytes bytes; /* length-delimited */
};

/* Behind the varint, or NULL: cut off, over 10 bytes, or over 64 bits. */
static const uint8_t *read_long_varint(const uint8_t *p, const uint8_t *end, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (p == end)
            return NULL;
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return NULL;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = value;
            return p;
        }
    }
    return NULL;
}

INLINE const uint8_t *read_varint(const uint8_t *p, const uint8_t *end, uint64_t *ret)
{
    if (p != end && *p < 0x80) {
        *ret = *p;
        return p + 1;
    }
    return read_long_varint(p, end, ret);
}

/* A number of `size` bytes, least significant first. */
static uint64_t read_fixed(const uint8_t *p, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

/* Reads one field from a non-empty input and returns what follows, or NULL if it is malformed. */
INLINE const uint8_t *read_token(const uint8_t *p, const uint8_t *end, struct token *t)
{
    const uint8_t *start = p;
    uint64_t tag;
    p = read_varint(p, end, &tag);
    if (!p || tag > UINT32_MAX || tag < 8 || p - start > 5)
        return NULL;
    *t = (struct token){.number = (uint32_t)(tag >> 3), .wire = (uint32_t)(tag & 7)};
    size_t size;
    switch (t->wire) {
    case PB_WIRE_VARINT:
        return read_varint(p, end, &t->value);
    case PB_WIRE_BYTES:
        p = read_varint(p, end, &t->value);
        if (!p || t->value > (uint64_t)(end - p))
            return NULL;
        t->bytes = (struct bytes){p, (size_t)t->value};
        return p + t->bytes.size;
    case PB_WIRE_FIXED64:
    case PB_WIRE_FIXED32:
        size = t->wire == PB_WIRE_FIXED64 ? 8 : 4;
        if ((size_t)(end - p) < size)
            return NULL;
        t->value = read_fixed(p, size);
        return p + size;
    default: /* groups (3, 4) left the language; 6 and 7 never were in it */
        return NULL;
    }
}

/* ---- Table look-ups ---- */

INLINE bool kind_is_scalar(uint8_t kind)
{
    return kind <= PB_KIND_DOUBLE;
}

INLINE uint32_t kind_wire(uint8_t kind)
{
    return kind < PB_KIND_DOUBLE ? PB_WIRE_VARINT : kind == PB_KIND_DOUBLE ? PB_WIRE_FIXED64 : PB_WIRE_BYTES;
}

/* The field that a token belongs to, or NULL: unknown. */
INLINE const struct pb_field *field_of(const struct pb_message *m, const struct token *t)
{
    if (t->number > m->number_max || m->index[t->number] == 0)
        return NULL;
    const struct pb_field *f = &m->fields[m->index[t->number] - 1];
    if (t->wire == kind_wire(f->kind))
        return f;
    return f->repeated && kind_is_scalar(f->kind) && t->wire == PB_WIRE_BYTES ? f : NULL;
}

/* Bytes of one member, or of one array element. */
static size_t element_size(const struct pb_field *f)
{
    static const uint8_t sizes[] = {
        [PB_KIND_BOOL] = sizeof(bool),
        [PB_KIND_INT32] = sizeof(int32_t),
        [PB_KIND_INT64] = sizeof(int64_t),
        [PB_KIND_DOUBLE] = sizeof(double),
        [PB_KIND_STRING] = sizeof(struct bytes),
        [PB_KIND_BYTES] = sizeof(struct bytes),
        [PB_KIND_OPT_STRING] = sizeof(struct pb_opt_bytes),
        [PB_KIND_OPT_INT32] = sizeof(struct pb_opt_i32),
        [PB_KIND_OPT_BOOL] = sizeof(struct pb_opt_bool),
        [PB_KIND_OPT_TIME] = sizeof(struct pb_opt_time),
        [PB_KIND_MESSAGE] = sizeof(void *),
        [PB_KIND_STRING_MAP] = sizeof(struct pb_string_entry),
        [PB_KIND_MESSAGE_MAP] = sizeof(struct message_entry),
    };
    return f->repeated && f->kind == PB_KIND_MESSAGE ? f->message->size : sizes[f->kind];
}

INLINE void *member(const void *message, size_t offset)
{
    return (char *)message + offset;
}

/* ---- Decoding ---- */

static enum status decode_message(struct arena *a, struct bytes in, const struct pb_message *m, void *message,
                                  int depth);

static enum status decode_text(struct bytes in, struct bytes *ret)
{
    if (!bytes_utf8_valid(in))
        return STATUS_MALFORMED;
    *ret = in;
    return STATUS_OK;
}

static enum status decode_opt_string(struct bytes in, struct pb_opt_bytes *w)
{
    w->present = true;
    const uint8_t *p = in.data, *end = in.data + in.size;
    while (p != end) {
        struct token t;
        p = read_token(p, end, &t);
        if (!p)
            return STATUS_MALFORMED;
        if (t.number == 1 && t.wire == PB_WIRE_BYTES && decode_text(t.bytes, &w->value) != STATUS_OK)
            return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* Reads the varint fields 1 and 2 of a wrapper or time over what is there already. */
static enum status decode_numbers(struct bytes in, uint64_t values[2])
{
    const uint8_t *p = in.data, *end = in.data + in.size;
    while (p != end) {
        struct token t;
        p = read_token(p, end, &t);
        if (!p)
            return STATUS_MALFORMED;
        if (t.wire == PB_WIRE_VARINT && (t.number == 1 || t.number == 2))
            values[t.number - 1] = t.value;
    }
    return STATUS_OK;
}

static enum status decode_opt_number(uint8_t kind, struct bytes in, void *slot)
{
    struct pb_opt_i32 *i = slot;
    struct pb_opt_bool *b = slot;
    struct pb_opt_time *time = slot;
    uint64_t v[2] = {0, 0};
    if (kind == PB_KIND_OPT_INT32)
        v[0] = (uint64_t)i->value;
    else if (kind == PB_KIND_OPT_BOOL)
        v[0] = b->value;
    else
        v[0] = (uint64_t)time->seconds, v[1] = (uint64_t)time->nanos;
    if (decode_numbers(in, v) != STATUS_OK)
        return STATUS_MALFORMED;
    if (kind == PB_KIND_OPT_INT32)
        *i = (struct pb_opt_i32){true, (int32_t)(uint32_t)v[0]};
    else if (kind == PB_KIND_OPT_BOOL)
        *b = (struct pb_opt_bool){true, v[0] != 0};
    else
        *time = (struct pb_opt_time){true, (int64_t)v[0], (int32_t)(uint32_t)v[1]};
    return STATUS_OK;
}

/* Decodes into `*slot`, which is made if it is NULL and else added to. */
static enum status decode_pointer(struct arena *a, struct bytes in, const struct pb_message *m, void **slot,
                                  int depth)
{
    if (!*slot)
        *slot = arena_alloc(a, m->size);
    return *slot ? decode_message(a, in, m, *slot, depth) : STATUS_NO_MEMORY;
}

/* A map entry is a message of key (1) and value (2), either of which may be missing or repeated. */
static enum status decode_entry(struct arena *a, struct bytes in, const struct pb_field *f, void *slot,
                                int depth)
{
    struct message_entry *e = slot;
    struct pb_string_entry *s = slot;
    const uint8_t *p = in.data, *end = in.data + in.size;
    while (p != end) {
        struct token t;
        p = read_token(p, end, &t);
        if (!p)
            return STATUS_MALFORMED;
        if (t.wire != PB_WIRE_BYTES || t.number > 2)
            continue;
        enum status st;
        if (t.number == 1)
            st = decode_text(t.bytes, &e->key);
        else if (f->kind == PB_KIND_STRING_MAP)
            st = decode_text(t.bytes, &s->value);
        else
            st = depth > 0 ? decode_pointer(a, t.bytes, f->message, &e->value, depth - 1) : STATUS_MALFORMED;
        if (st != STATUS_OK)
            return st;
    }
    if (f->kind == PB_KIND_MESSAGE_MAP && !e->value) {
        e->value = arena_alloc(a, f->message->size);
        return e->value ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return STATUS_OK;
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

/* Stores one value of `f` in its member or array element. `depth`: how many levels may still open below the
 * message that holds the field. */
static enum status decode_value(struct arena *a, const struct token *t, const struct pb_field *f, void *slot,
                                int depth)
{
    switch (f->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        store_scalar(f->kind, t->value, slot);
        return STATUS_OK;
    case PB_KIND_STRING:
        return decode_text(t->bytes, slot);
    case PB_KIND_BYTES:
        *(struct bytes *)slot = t->bytes;
        return STATUS_OK;
    default:
        break;
    }
    if (depth == 0)
        return STATUS_MALFORMED;
    switch (f->kind) {
    case PB_KIND_OPT_STRING:
        return decode_opt_string(t->bytes, slot);
    case PB_KIND_MESSAGE:
        return f->repeated ? decode_message(a, t->bytes, f->message, slot, depth - 1)
                           : decode_pointer(a, t->bytes, f->message, slot, depth - 1);
    case PB_KIND_STRING_MAP:
    case PB_KIND_MESSAGE_MAP:
        return decode_entry(a, t->bytes, f, slot, depth - 1);
    default:
        return decode_opt_number(f->kind, t->bytes, slot);
    }
}

/* Elements that one token of a repeated field holds; for packed numbers the varints that end in it. */
static size_t elements_in(const struct pb_field *f, const struct token *t)
{
    if (!kind_is_scalar(f->kind) || t->wire != PB_WIRE_BYTES)
        return 1;
    if (f->kind == PB_KIND_DOUBLE)
        return t->bytes.size / sizeof(double);
    size_t count = 0;
    for (size_t i = 0; i < t->bytes.size; i++)
        count += t->bytes.data[i] < 0x80;
    return count;
}

/* Sees the fields from `p` on that belong to `want` (NULL: that are unknown): the number of their elements,
 * or the bytes of the unknown ones. Stops at bad bytes; the decoder will meet them too. */
static size_t look_ahead(const struct pb_message *m, const struct pb_field *want, const uint8_t *p,
                         const uint8_t *end)
{
    size_t sum = 0;
    while (p != end) {
        struct token t;
        const uint8_t *next = read_token(p, end, &t);
        if (!next)
            break;
        if (field_of(m, &t) == want)
            sum += want ? elements_in(want, &t) : (size_t)(next - p);
        p = next;
    }
    return sum;
}

/* Makes room behind the elements that an earlier piece of the message left. `p`: the first token to come. */
static enum status prepare_array(struct arena *a, const struct pb_message *m, const struct pb_field *f,
                                 void *message, const uint8_t *p, const uint8_t *end)
{
    void **array = member(message, f->offset);
    size_t have = *(size_t *)member(message, f->count_offset);
    void *grown = arena_alloc_array(a, have + look_ahead(m, f, p, end), element_size(f));
    if (!grown)
        return STATUS_NO_MEMORY;
    if (have)
        memcpy(grown, *array, have * element_size(f));
    *array = grown;
    return STATUS_OK;
}

static enum status decode_packed(struct bytes in, const struct pb_field *f, char *array, size_t *count)
{
    const uint8_t *p = in.data, *end = in.data + in.size;
    if (f->kind == PB_KIND_DOUBLE && in.size % sizeof(double) != 0)
        return STATUS_MALFORMED;
    while (p != end) {
        uint64_t value;
        if (f->kind == PB_KIND_DOUBLE) {
            value = read_fixed(p, sizeof value);
            p += sizeof value;
        } else {
            p = read_varint(p, end, &value);
            if (!p)
                return STATUS_MALFORMED;
        }
        store_scalar(f->kind, value, array + element_size(f) * (*count)++);
    }
    return STATUS_OK;
}

static enum status decode_repeated(struct arena *a, const struct token *t, const struct pb_field *f,
                                   void *message, int depth)
{
    char *array = *(char **)member(message, f->offset);
    size_t *count = member(message, f->count_offset);
    if (kind_is_scalar(f->kind) && t->wire == PB_WIRE_BYTES)
        return decode_packed(t->bytes, f, array, count);
    return decode_value(a, t, f, array + element_size(f) * (*count)++, depth);
}

/* Keeps the unknown field between `start` and `next`. Runs that lie side by side stay a view into the input;
 * else `*room`, NULL at first, holds all unknown fields of this piece of the message. */
static enum status keep_unknown(struct arena *a, const struct pb_message *m, struct message_head *head,
                                uint8_t **room, const uint8_t *start, const uint8_t *next, const uint8_t *end)
{
    struct bytes *u = &head->unknown;
    if (u->size == 0)
        u->data = start;
    else if (!*room && u->data + u->size != start) {
        *room = arena_alloc_array(a, u->size + look_ahead(m, NULL, start, end), 1);
        if (!*room)
            return STATUS_NO_MEMORY;
        memcpy(*room, u->data, u->size);
        u->data = *room;
    }
    if (*room)
        memcpy(*room + u->size, start, (size_t)(next - start));
    u->size += (size_t)(next - start);
    return STATUS_OK;
}

static enum status keep_raw(struct arena *a, struct bytes in, struct message_head *head)
{
    if (head->raw.size == 0) {
        head->raw = in;
        return STATUS_OK;
    }
    if (in.size == 0)
        return STATUS_OK;
    uint8_t *joined = arena_alloc_array(a, head->raw.size + in.size, 1);
    if (!joined)
        return STATUS_NO_MEMORY;
    memcpy(joined, head->raw.data, head->raw.size);
    memcpy(joined + head->raw.size, in.data, in.size);
    head->raw = (struct bytes){joined, head->raw.size + in.size};
    return STATUS_OK;
}

/* Makes `f` the set member: what another member left in the union is forgotten. */
static void select_case(const struct pb_message *m, const struct pb_field *f, void *message)
{
    uint32_t *which = member(message, m->case_offset);
    if (*which == f->number)
        return;
    memset(member(message, f->offset), 0, element_size(f));
    *which = f->number;
}

/* Adds `in` to a message that is zeroed, or that holds the earlier pieces of the same field. */
static enum status decode_message(struct arena *a, struct bytes in, const struct pb_message *m, void *message,
                                  int depth)
{
    const uint8_t *p = in.data, *end = in.data + in.size;
    uint64_t prepared = 0; /* a bit for each repeated field whose array has room for the rest of `in` */
    uint8_t *room = NULL;
    enum status st = keep_raw(a, in, message);
    while (st == STATUS_OK && p != end) {
        const uint8_t *start = p;
        struct token t;
        p = read_token(p, end, &t);
        if (!p)
            return STATUS_MALFORMED;
        const struct pb_field *f = field_of(m, &t);
        if (!f) {
            st = keep_unknown(a, m, message, &room, start, p, end);
        } else if (f->repeated) {
            uint64_t bit = (uint64_t)1 << (f - m->fields);
            if (!(prepared & bit))
                st = prepare_array(a, m, f, message, start, end);
            prepared |= bit;
            if (st == STATUS_OK)
                st = decode_repeated(a, &t, f, message, depth);
        } else {
            if (f->in_oneof)
                select_case(m, f, message);
            st = decode_value(a, &t, f, member(message, f->offset), depth);
        }
    }
    return st;
}

enum status pb_decode(struct arena *a, struct bytes in, const struct pb_message *m, void *ret)
{
    _Alignas(16) char message[PB_STRUCT_SIZE_MAX];
    ASSERT(m->size <= sizeof message);
    memset(message, 0, m->size);
    if (!in.data)
        in = BYTES_LITERAL("");
    enum status st = decode_message(a, in, m, message, PB_DEPTH_MAX);
    if (st == STATUS_OK)
        memcpy(ret, message, m->size);
    return st;
}

/* ---- Encoding: sizes ---- */

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

static void sizes_fini(struct sizes *s)
{
    if (s->items != s->inline_items)
        free(s->items);
}

/* Takes the next place in the list, to be filled by sizes_set. */
static size_t sizes_add(struct sizes *s)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity * 2;
        size_t *items = malloc(capacity * sizeof *items);
        if (!items) {
            s->failed = true;
            return 0;
        }
        memcpy(items, s->items, s->count * sizeof *items);
        sizes_fini(s);
        s->items = items;
        s->capacity = capacity;
    }
    return s->count++;
}

size_t pb_varint_size(uint64_t value)
{
    return value < 0x80 ? 1 : (size_t)(63 - __builtin_clzll(value)) / 7 + 1;
}

INLINE size_t varint_size(uint64_t value)
{
    return value < 0x80 ? 1 : (size_t)(63 - __builtin_clzll(value)) / 7 + 1;
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
    const struct pb_opt_i32 *i = slot;
    const struct pb_opt_bool *b = slot;
    const struct pb_opt_time *time = slot;
    values[1] = 0;
    if (kind == PB_KIND_OPT_INT32)
        values[0] = (uint64_t)(int64_t)i->value;
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
        return size ? 1 + delimited(size) : 0;
    }
    uint64_t v[2];
    opt_numbers(kind, slot, v);
    return (v[0] ? 1 + varint_size(v[0]) : 0) + (v[1] ? 1 + varint_size(v[1]) : 0);
}

static size_t size_message(const struct pb_message *m, const void *message, struct sizes *s, int depth);

/* Of a nested message, without tag and length. Failure leaves `s->failed` and any number. */
static size_t size_nested(const struct pb_message *m, const void *message, struct sizes *s, int depth)
{
    if (depth == 0)
        s->failed = true;
    if (s->failed)
        return 0;
    size_t place = sizes_add(s);
    size_t size = size_message(m, message, s, depth - 1);
    if (size > PB_SIZE_MAX)
        s->failed = true;
    if (!s->failed)
        s->items[place] = size;
    return size;
}

/* The contents of a map entry, whose key and value are always sent. `value_size` is the value's contents. */
INLINE size_t entry_size(const struct message_entry *e, size_t value_size)
{
    return 1 + delimited(e->key.size) + 1 + delimited(value_size);
}

/* One value without its tag. */
static size_t size_value(const struct pb_field *f, const void *slot, struct sizes *s, int depth)
{
    const struct message_entry *entry = slot;
    const struct pb_string_entry *text = slot;
    size_t size;
    switch (f->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        return scalar_size(f->kind, load_scalar(f->kind, slot));
    case PB_KIND_STRING:
    case PB_KIND_BYTES:
        return delimited(((const struct bytes *)slot)->size);
    case PB_KIND_MESSAGE:
        return delimited(size_nested(f->message, f->repeated ? slot : *(void *const *)slot, s, depth));
    case PB_KIND_STRING_MAP:
        return delimited(entry_size(entry, text->value.size));
    case PB_KIND_MESSAGE_MAP: /* the entry itself is a level too */
        if (depth == 0)
            s->failed = true;
        size = entry->value && !s->failed ? size_nested(f->message, entry->value, s, depth - 1) : 0;
        return delimited(entry_size(entry, size));
    default:
        return delimited(opt_size(f->kind, slot));
    }
}

static size_t size_repeated(const struct pb_field *f, const void *message, struct sizes *s, int depth)
{
    const char *slot = *(char **)member(message, f->offset);
    size_t count = *(size_t *)member(message, f->count_offset);
    size_t step = element_size(f), size = 0;
    if (count == 0)
        return 0;
    bool packed = kind_is_scalar(f->kind);
    size_t place = packed ? sizes_add(s) : 0;
    for (size_t i = 0; i < count && !s->failed; i++, slot += step)
        size += size_value(f, slot, s, depth);
    if (!packed)
        return size + count * tag_size(f->number);
    if (!s->failed)
        s->items[place] = size;
    return tag_size(f->number) + delimited(size);
}

/* True if a singular field that is not in a oneof has to be sent. */
static bool is_present(const struct pb_field *f, const void *slot)
{
    switch (f->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        return load_scalar(f->kind, slot) != 0;
    case PB_KIND_STRING:
    case PB_KIND_BYTES:
        return ((const struct bytes *)slot)->size != 0;
    case PB_KIND_MESSAGE:
        return *(void *const *)slot != NULL;
    default: /* the wrappers and times start with `present` */
        return *(const bool *)slot;
    }
}

/* In place of the run of oneof members that starts at `f`: the one that is set, or NULL if none is. */
static const struct pb_field *run_member(const struct pb_message *m, const struct pb_field *f,
                                         const void *message)
{
    uint32_t which = *(uint32_t *)member(message, m->case_offset);
    if (which < f->number || which > f[f->oneof_run - 1].number || m->index[which] == 0)
        return NULL;
    f = &m->fields[m->index[which] - 1];
    bool missing = f->kind == PB_KIND_MESSAGE && !*(void **)member(message, f->offset);
    return missing ? NULL : f;
}

static size_t size_message(const struct pb_message *m, const void *message, struct sizes *s, int depth)
{
    const struct pb_field *f = m->fields, *end = f + m->field_count;
    size_t size = ((const struct message_head *)message)->unknown.size;
    while (f != end) {
        const struct pb_field *send = f;
        if (f->in_oneof) {
            send = run_member(m, f, message);
            f += f->oneof_run;
        } else {
            f++;
            if (send->repeated) {
                size += size_repeated(send, message, s, depth);
                continue;
            }
            if (!is_present(send, member(message, send->offset)))
                continue;
        }
        if (send)
            size += tag_size(send->number) + size_value(send, member(message, send->offset), s, depth);
    }
    return size;
}

/* ---- Encoding: bytes; the room was reserved by the sizes ---- */

INLINE uint8_t *write_varint(uint8_t *p, uint64_t value)
{
    while (value >= 0x80) {
        *p++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *p++ = (uint8_t)value;
    return p;
}

INLINE uint8_t *write_tag(uint8_t *p, uint32_t number, uint32_t wire)
{
    return write_varint(p, (uint64_t)number << 3 | wire);
}

INLINE uint8_t *write_raw(uint8_t *p, struct bytes b)
{
    if (b.size)
        memcpy(p, b.data, b.size);
    return p + b.size;
}

INLINE uint8_t *write_delimited(uint8_t *p, struct bytes b)
{
    return write_raw(write_varint(p, b.size), b);
}

static uint8_t *write_fixed64(uint8_t *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        *p++ = (uint8_t)(value >> (8 * i));
    return p;
}

static uint8_t *write_scalar(uint8_t *p, uint8_t kind, uint64_t value)
{
    return kind == PB_KIND_DOUBLE ? write_fixed64(p, value) : write_varint(p, value);
}

static uint8_t *write_opt(uint8_t *p, uint8_t kind, const void *slot)
{
    p = write_varint(p, opt_size(kind, slot));
    if (kind == PB_KIND_OPT_STRING) {
        struct bytes value = ((const struct pb_opt_bytes *)slot)->value;
        return value.size ? write_delimited(write_tag(p, 1, PB_WIRE_BYTES), value) : p;
    }
    uint64_t v[2];
    opt_numbers(kind, slot, v);
    if (v[0])
        p = write_varint(write_tag(p, 1, PB_WIRE_VARINT), v[0]);
    if (v[1])
        p = write_varint(write_tag(p, 2, PB_WIRE_VARINT), v[1]);
    return p;
}

static uint8_t *write_message(uint8_t *p, const struct pb_message *m, const void *message, struct sizes *s);

static uint8_t *write_nested(uint8_t *p, const struct pb_message *m, const void *message, struct sizes *s)
{
    return write_message(write_varint(p, s->items[s->next++]), m, message, s);
}

static uint8_t *write_entry(uint8_t *p, const struct pb_field *f, const struct message_entry *e,
                            struct sizes *s)
{
    size_t value_size = e->value ? s->items[s->next] : 0;
    p = write_varint(p, entry_size(e, value_size));
    p = write_delimited(write_tag(p, 1, PB_WIRE_BYTES), e->key);
    p = write_tag(p, 2, PB_WIRE_BYTES);
    return e->value ? write_nested(p, f->message, e->value, s) : write_varint(p, 0);
}

static uint8_t *write_string_entry(uint8_t *p, const struct pb_string_entry *e)
{
    p = write_varint(p, 1 + delimited(e->key.size) + 1 + delimited(e->value.size));
    p = write_delimited(write_tag(p, 1, PB_WIRE_BYTES), e->key);
    return write_delimited(write_tag(p, 2, PB_WIRE_BYTES), e->value);
}

/* One value without its tag. */
static uint8_t *write_value(uint8_t *p, const struct pb_field *f, const void *slot, struct sizes *s)
{
    switch (f->kind) {
    case PB_KIND_BOOL:
    case PB_KIND_INT32:
    case PB_KIND_INT64:
    case PB_KIND_DOUBLE:
        return write_scalar(p, f->kind, load_scalar(f->kind, slot));
    case PB_KIND_STRING:
    case PB_KIND_BYTES:
        return write_delimited(p, *(const struct bytes *)slot);
    case PB_KIND_MESSAGE:
        return write_nested(p, f->message, f->repeated ? slot : *(void *const *)slot, s);
    case PB_KIND_STRING_MAP:
        return write_string_entry(p, slot);
    case PB_KIND_MESSAGE_MAP:
        return write_entry(p, f, slot, s);
    default:
        return write_opt(p, f->kind, slot);
    }
}

static uint8_t *write_repeated(uint8_t *p, const struct pb_field *f, const void *message, struct sizes *s)
{
    const char *slot = *(char **)member(message, f->offset);
    size_t count = *(size_t *)member(message, f->count_offset);
    size_t step = element_size(f);
    bool packed = kind_is_scalar(f->kind);
    if (packed && count)
        p = write_varint(write_tag(p, f->number, PB_WIRE_BYTES), s->items[s->next++]);
    for (size_t i = 0; i < count; i++, slot += step) {
        if (!packed)
            p = write_tag(p, f->number, PB_WIRE_BYTES);
        p = write_value(p, f, slot, s);
    }
    return p;
}

/* Walks as size_message does. */
static uint8_t *write_message(uint8_t *p, const struct pb_message *m, const void *message, struct sizes *s)
{
    const struct pb_field *f = m->fields, *end = f + m->field_count;
    while (f != end) {
        const struct pb_field *send = f;
        if (f->in_oneof) {
            send = run_member(m, f, message);
            f += f->oneof_run;
        } else {
            f++;
            if (send->repeated) {
                p = write_repeated(p, send, message, s);
                continue;
            }
            if (!is_present(send, member(message, send->offset)))
                continue;
        }
        if (send) {
            p = write_tag(p, send->number, kind_wire(send->kind));
            p = write_value(p, send, member(message, send->offset), s);
        }
    }
    return write_raw(p, ((const struct message_head *)message)->unknown);
}

/* Fills `s` and returns the size of the whole, SIZE_MAX on failure. */
static size_t size_all(const struct pb_message *m, const void *message, struct sizes *s)
{
    s->items = s->inline_items;
    s->capacity = SIZES_INLINE;
    s->count = s->next = 0;
    s->failed = false;
    size_t size = size_message(m, message, s, PB_DEPTH_MAX);
    return s->failed || size > PB_SIZE_MAX ? SIZE_MAX : size;
}

size_t pb_size(const struct pb_message *m, const void *message)
{
    struct sizes s;
    size_t size = size_all(m, message, &s);
    sizes_fini(&s);
    return size;
}

void pb_encode(const struct pb_message *m, const void *message, struct buf *out)
{
    struct sizes s;
    size_t size = size_all(m, message, &s);
    if (out->failed || size == SIZE_MAX || buf_reserve(out, size) != STATUS_OK) {
        out->failed = true;
    } else if (size > 0) {
        uint8_t *end = write_message(out->data + out->size, m, message, &s);
        ASSERT(end == out->data + out->size + size && s.next == s.count);
        out->size += size;
    }
    sizes_fini(&s);
}

/* ---- Primitives ---- */

struct pb_reader pb_reader_of(struct bytes in)
{
    if (!in.data)
        in = BYTES_LITERAL("");
    return (struct pb_reader){.next = in.data, .end = in.data + in.size, .status = STATUS_OK};
}

bool pb_reader_next(struct pb_reader *r)
{
    if (r->status != STATUS_OK || r->next == r->end)
        return false;
    struct token t = {0};
    const uint8_t *next = read_token(r->next, r->end, &t);
    if (!next) {
        r->status = STATUS_MALFORMED;
        return false;
    }
    r->number = t.number;
    r->wire = t.wire;
    r->value = t.wire == PB_WIRE_BYTES ? 0 : t.value;
    r->bytes = t.bytes;
    r->raw = (struct bytes){r->next, (size_t)(next - r->next)};
    r->next = next;
    return true;
}

void pb_put_varint(struct buf *out, uint64_t value)
{
    uint8_t bytes[PB_VARINT_SIZE_MAX];
    buf_append(out, bytes, (size_t)(write_varint(bytes, value) - bytes));
}

void pb_put_tag(struct buf *out, uint32_t number, enum pb_wire wire)
{
    pb_put_varint(out, (uint64_t)number << 3 | wire);
}

void pb_put_bytes_field(struct buf *out, uint32_t number, struct bytes value)
{
    pb_put_tag(out, number, PB_WIRE_BYTES);
    pb_put_varint(out, value.size);
    buf_append_bytes(out, value);
}

void pb_put_varint_field(struct buf *out, uint32_t number, uint64_t value)
{
    pb_put_tag(out, number, PB_WIRE_VARINT);
    pb_put_varint(out, value);
}

void pb_put_fixed64_field(struct buf *out, uint32_t number, uint64_t value)
{
    uint8_t bytes[8];
    write_fixed64(bytes, value);
    pb_put_tag(out, number, PB_WIRE_FIXED64);
    buf_append(out, bytes, sizeof bytes);
}

/* ---- Helpers on the common types ---- */

struct pb_opt_time pb_time_from_ns(int64_t ns)
{
    int64_t seconds = ns / NANOS_PER_SECOND;
    int32_t nanos = (int32_t)(ns % NANOS_PER_SECOND);
    if (nanos < 0) {
        seconds--;
        nanos += NANOS_PER_SECOND;
    }
    return (struct pb_opt_time){.present = true, .seconds = seconds, .nanos = nanos};
}

int64_t pb_time_to_ns(struct pb_opt_time t)
{
    if (!t.present)
        return 0;
    __int128 ns = (__int128)t.seconds * NANOS_PER_SECOND + t.nanos;
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

bool pb_string_entry_find(const struct pb_string_entry *entries, size_t count, struct bytes key,
                          struct bytes *ret_value)
{
    for (size_t i = count; i > 0; i--) {
        if (bytes_equal(entries[i - 1].key, key)) {
            *ret_value = entries[i - 1].value;
            return true;
        }
    }
    return false;
}
