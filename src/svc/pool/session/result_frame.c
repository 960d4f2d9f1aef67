/* SPDX-License-Identifier: MIT */
/* result_frame.c — a JSON scanner without a tree: it only moves a cursor (RFC 8259). */
#include "svc/pool/session/result_frame.h"

#include "base/text.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool take(struct cursor *c, uint8_t wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(struct cursor *c, const char *word)
{
    struct bytes rest = bytes_of(c->at, (size_t)(c->end - c->at));
    if (!bytes_starts_with(rest, bytes_of_cstr(word)))
        return false;
    c->at += strlen(word);
    return true;
}

static bool skip_escape(struct cursor *c)
{
    if (c->at == c->end)
        return false;
    uint8_t kind = *c->at++;
    if (kind != 'u')
        return kind != 0 && strchr("\"\\/bfnrt", kind) != NULL;
    for (int i = 0; i < 4; i++, c->at++)
        if (c->at == c->end || ascii_hex_value(*c->at) < 0)
            return false;
    return true;
}

#define EACH_BYTE(byte) (0x0101010101010101u * (uint64_t)(byte))

/* True if one of the eight bytes ends a plain run of a string: a quote, a backslash or a control character. A byte is
 * zero where x - 1 borrows and x has no high bit (Hacker's Delight 6-1). */
static bool has_special_byte(uint64_t word)
{
    const uint64_t high = EACH_BYTE(0x80);
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');
    return (((quote - EACH_BYTE(1)) & ~quote) | ((backslash - EACH_BYTE(1)) & ~backslash) |
            ((word - EACH_BYTE(0x20)) & ~word)) &
           high;
}

/* Most of a large result is one string: eight bytes at a time. */
static void skip_plain_run(struct cursor *c)
{
    uint64_t word;
    while ((size_t)(c->end - c->at) >= sizeof word) {
        memcpy(&word, c->at, sizeof word);
        if (has_special_byte(word))
            return;
        c->at += sizeof word;
    }
}

static bool skip_string(struct cursor *c)
{
    if (!take(c, '"'))
        return false;
    while (c->at < c->end) {
        skip_plain_run(c);
        if (c->at == c->end)
            return false;
        uint8_t byte = *c->at++;
        if (byte == '"')
            return true;
        if (byte < 0x20 || (byte == '\\' && !skip_escape(c)))
            return false;
    }
    return false;
}

static bool skip_digits(struct cursor *c)
{
    const uint8_t *begin = c->at;
    while (c->at < c->end && ascii_digit(*c->at))
        c->at++;
    return c->at > begin;
}

static bool skip_number(struct cursor *c)
{
    take(c, '-');
    if (!take(c, '0') && !skip_digits(c))
        return false;
    if (take(c, '.') && !skip_digits(c))
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        return skip_digits(c);
    }
    return true;
}

static bool skip_scalar(struct cursor *c, enum result_type *ret_type)
{
    if (c->at == c->end)
        return false;
    switch (*c->at) {
    case '"':
        *ret_type = RESULT_STRING;
        return skip_string(c);
    case 't':
        *ret_type = RESULT_BOOL;
        return take_word(c, "true");
    case 'f':
        *ret_type = RESULT_BOOL;
        return take_word(c, "false");
    case 'n':
        *ret_type = RESULT_NULL;
        return take_word(c, "null");
    default:
        *ret_type = RESULT_NUMBER;
        return skip_number(c);
    }
}

static bool skip_key(struct cursor *c)
{
    if (!skip_string(c))
        return false;
    skip_blanks(c);
    if (!take(c, ':'))
        return false;
    skip_blanks(c);
    return true;
}

/* Skips what closes arrays and objects behind a value and the comma to the next one. `*depth` 0: all closed.
 */
static bool skip_after_value(struct cursor *c, const uint8_t *closers, size_t *depth)
{
    while (*depth) {
        skip_blanks(c);
        if (take(c, closers[*depth - 1])) {
            (*depth)--;
            continue;
        }
        if (!take(c, ','))
            return false;
        skip_blanks(c);
        return closers[*depth - 1] != '}' || skip_key(c);
    }
    return true;
}

/* Skips one value of any type without recursion. */
static enum status skip_value(struct cursor *c, struct result_value *ret_value)
{
    uint8_t closers[RESULT_FRAME_DEPTH_MAX];
    size_t depth = 0;
    const uint8_t *begin = c->at;
    enum result_type type = RESULT_NONE, scalar;
    do {
        bool array = take(c, '[');
        if (array || take(c, '{')) {
            if (depth == RESULT_FRAME_DEPTH_MAX)
                return STATUS_TOO_LARGE;
            closers[depth++] = array ? ']' : '}';
            type = type ? type : array ? RESULT_ARRAY : RESULT_OBJECT;
            skip_blanks(c);
            bool empty = c->at < c->end && *c->at == closers[depth - 1];
            if (!empty && !array && !skip_key(c))
                return STATUS_MALFORMED;
            if (!empty)
                continue;
        } else {
            if (!skip_scalar(c, &scalar))
                return STATUS_MALFORMED;
            type = type ? type : scalar;
        }
        if (!skip_after_value(c, closers, &depth))
            return STATUS_MALFORMED;
    } while (depth);
    *ret_value = (struct result_value){type, bytes_of(begin, (size_t)(c->at - begin))};
    return STATUS_OK;
}

struct member {
    const char *name;
    unsigned types; /* set of 1 << enum result_type */
    struct result_value value;
};

enum {
    MEMBER_ID,
    MEMBER_OK,
    MEMBER_DURATION,
    MEMBER_VALUE,
    MEMBER_OUTPUTS,
    MEMBER_ERROR,
    MEMBER_TRUNCATED,
    MEMBERS
};

static enum status store_member(struct member members[MEMBERS], struct bytes name, struct result_value value)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (!bytes_equal_cstr(name, members[i].name))
            continue;
        if (members[i].value.type || !(members[i].types & 1u << value.type))
            return STATUS_MALFORMED;
        members[i].value = value;
        return STATUS_OK;
    }
    return STATUS_OK; /* an unknown member may come from a newer runner */
}

static enum status parse_members(struct cursor *c, struct member members[MEMBERS])
{
    skip_blanks(c);
    if (!take(c, '{'))
        return STATUS_MALFORMED;
    skip_blanks(c);
    if (take(c, '}'))
        return STATUS_OK;
    do {
        skip_blanks(c);
        const uint8_t *name = c->at + 1;
        if (!skip_string(c))
            return STATUS_MALFORMED;
        struct bytes key = bytes_of(name, (size_t)(c->at - 1 - name));
        skip_blanks(c);
        if (!take(c, ':'))
            return STATUS_MALFORMED;
        skip_blanks(c);
        struct result_value value;
        enum status s = skip_value(c, &value);
        if (s == STATUS_OK)
            s = store_member(members, key, value);
        if (s)
            return s;
        skip_blanks(c);
    } while (take(c, ','));
    return take(c, '}') ? STATUS_OK : STATUS_MALFORMED;
}

enum status result_frame_parse(struct bytes payload, struct result_frame *ret_frame)
{
    if (!bytes_utf8_valid(payload))
        return STATUS_MALFORMED;
    struct member members[MEMBERS] = {
        [MEMBER_ID] = {"id", 1u << RESULT_NUMBER},
        [MEMBER_OK] = {"ok", 1u << RESULT_BOOL},
        [MEMBER_DURATION] = {"duration_us", 1u << RESULT_NUMBER},
        [MEMBER_VALUE] = {"value", ~0u},
        [MEMBER_OUTPUTS] = {"outputs", 1u << RESULT_ARRAY | 1u << RESULT_NULL},
        [MEMBER_ERROR] = {"error", 1u << RESULT_OBJECT | 1u << RESULT_NULL},
        [MEMBER_TRUNCATED] = {"truncated", 1u << RESULT_BOOL},
    };
    struct cursor c = {payload.data, payload.data + payload.size};
    enum status s = payload.size ? parse_members(&c, members) : STATUS_MALFORMED;
    if (s)
        return s;
    skip_blanks(&c);
    struct result_frame f = {.value = members[MEMBER_VALUE].value};
    if (c.at != c.end || !members[MEMBER_OK].value.type ||
        bytes_parse_u64(members[MEMBER_ID].value.json, &f.id) != STATUS_OK ||
        bytes_parse_u64(members[MEMBER_DURATION].value.json, &f.duration_us) != STATUS_OK)
        return STATUS_MALFORMED;
    f.ok = bytes_equal_cstr(members[MEMBER_OK].value.json, "true");
    f.truncated = bytes_equal_cstr(members[MEMBER_TRUNCATED].value.json, "true");
    if (members[MEMBER_OUTPUTS].value.type == RESULT_ARRAY)
        f.outputs = members[MEMBER_OUTPUTS].value;
    if (members[MEMBER_ERROR].value.type == RESULT_OBJECT)
        f.error = members[MEMBER_ERROR].value;
    *ret_frame = f;
    return STATUS_OK;
}

void result_walk_begin(struct result_walk *walk, struct result_value value)
{
    bool has_parts = value.type == RESULT_ARRAY || value.type == RESULT_OBJECT;
    struct bytes inside = has_parts ? bytes_slice(value.json, 1, value.json.size - 2) : (struct bytes){0};
    *walk = (struct result_walk){
        .at = inside.data,
        .end = inside.data ? inside.data + inside.size : NULL,
        .object = value.type == RESULT_OBJECT,
    };
}

bool result_walk_next(struct result_walk *walk, struct bytes *ret_key, struct result_value *ret_value)
{
    struct cursor c = {walk->at, walk->end};
    struct bytes key = {0};
    skip_blanks(&c);
    take(&c, ',');
    skip_blanks(&c);
    if (c.at == c.end)
        return false;
    if (walk->object) {
        const uint8_t *name = c.at + 1;
        if (!skip_string(&c))
            return false;
        key = bytes_of(name, (size_t)(c.at - 1 - name));
        skip_blanks(&c);
        take(&c, ':');
        skip_blanks(&c);
    }
    if (skip_value(&c, ret_value) != STATUS_OK)
        return false;
    if (ret_key)
        *ret_key = key;
    walk->at = c.at;
    return true;
}

int result_code_unit(struct bytes json, size_t at)
{
    if (at + 6 > json.size || json.data[at] != '\\' || json.data[at + 1] != 'u')
        return -1;
    int unit = 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = ascii_hex_value(json.data[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

void result_value_append(struct buf *out, struct result_value v)
{
    struct bytes json = v.json;
    size_t done = 0; /* bytes that are appended */
    size_t at = 0;
    while (at < json.size) {
        const uint8_t *escape = memchr(json.data + at, '\\', json.size - at);
        if (!escape)
            break;
        at = (size_t)(escape - json.data);
        int unit = result_code_unit(json, at);
        if (unit < 0xd800 || unit > 0xdfff) {
            at += unit < 0 ? 2 : 6;
            continue;
        }
        int next = unit <= 0xdbff ? result_code_unit(json, at + 6) : -1;
        if (next >= 0xdc00 && next <= 0xdfff) {
            at += 12;
            continue;
        }
        buf_append_bytes(out, bytes_slice(json, done, at - done));
        buf_append_cstr(out, "\\ufffd");
        at += 6;
        done = at;
    }
    buf_append_bytes(out, bytes_slice(json, done, json.size));
}
