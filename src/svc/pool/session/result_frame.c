/* SPDX-License-Identifier: MIT */
/* result_frame.c — a JSON scanner without a tree: it only moves a cursor (RFC 8259). */
#include "svc/pool/session/result_frame.h"

#include "base/text.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\n' || *cursor->at == '\r'))
        cursor->at++;
}

static bool take(struct cursor *cursor, uint8_t wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted)
        return false;
    cursor->at++;
    return true;
}

static bool take_word(struct cursor *cursor, const char *word)
{
    struct bytes rest = bytes_of(cursor->at, (size_t)(cursor->end - cursor->at));
    if (!bytes_starts_with(rest, bytes_of_cstr(word)))
        return false;
    cursor->at += strlen(word);
    return true;
}

static bool skip_escape(struct cursor *cursor)
{
    if (cursor->at == cursor->end)
        return false;
    uint8_t kind = *cursor->at++;
    if (kind != 'u')
        return kind != 0 && strchr("\"\\/bfnrt", kind) != NULL;
    for (int i = 0; i < 4; i++, cursor->at++)
        if (cursor->at == cursor->end || ascii_hex_value(*cursor->at) < 0)
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
static void skip_plain_run(struct cursor *cursor)
{
    uint64_t word;
    while ((size_t)(cursor->end - cursor->at) >= sizeof word) {
        memcpy(&word, cursor->at, sizeof word);
        if (has_special_byte(word))
            return;
        cursor->at += sizeof word;
    }
}

static bool skip_string(struct cursor *cursor)
{
    if (!take(cursor, '"'))
        return false;
    while (cursor->at < cursor->end) {
        skip_plain_run(cursor);
        if (cursor->at == cursor->end)
            return false;
        uint8_t byte = *cursor->at++;
        if (byte == '"')
            return true;
        if (byte < 0x20 || (byte == '\\' && !skip_escape(cursor)))
            return false;
    }
    return false;
}

static bool skip_digits(struct cursor *cursor)
{
    const uint8_t *begin = cursor->at;
    while (cursor->at < cursor->end && ascii_digit(*cursor->at))
        cursor->at++;
    return cursor->at > begin;
}

static bool skip_number(struct cursor *cursor)
{
    take(cursor, '-');
    if (!take(cursor, '0') && !skip_digits(cursor))
        return false;
    if (take(cursor, '.') && !skip_digits(cursor))
        return false;
    if (take(cursor, 'e') || take(cursor, 'E')) {
        if (!take(cursor, '+'))
            take(cursor, '-');
        return skip_digits(cursor);
    }
    return true;
}

static bool skip_scalar(struct cursor *cursor, enum result_type *ret_type)
{
    if (cursor->at == cursor->end)
        return false;
    switch (*cursor->at) {
    case '"':
        *ret_type = RESULT_STRING;
        return skip_string(cursor);
    case 't':
        *ret_type = RESULT_BOOL;
        return take_word(cursor, "true");
    case 'f':
        *ret_type = RESULT_BOOL;
        return take_word(cursor, "false");
    case 'n':
        *ret_type = RESULT_NULL;
        return take_word(cursor, "null");
    default:
        *ret_type = RESULT_NUMBER;
        return skip_number(cursor);
    }
}

static bool skip_key(struct cursor *cursor)
{
    if (!skip_string(cursor))
        return false;
    skip_blanks(cursor);
    if (!take(cursor, ':'))
        return false;
    skip_blanks(cursor);
    return true;
}

/* Skips what closes arrays and objects behind a value and the comma to the next one. `*depth` 0: all closed.
 */
static bool skip_after_value(struct cursor *cursor, const uint8_t *closers, size_t *depth)
{
    while (*depth) {
        skip_blanks(cursor);
        if (take(cursor, closers[*depth - 1])) {
            (*depth)--;
            continue;
        }
        if (!take(cursor, ','))
            return false;
        skip_blanks(cursor);
        return closers[*depth - 1] != '}' || skip_key(cursor);
    }
    return true;
}

/* Skips one value of any type without recursion. */
static enum status skip_value(struct cursor *cursor, struct result_value *ret_value)
{
    uint8_t closers[RESULT_FRAME_DEPTH_MAX];
    size_t depth = 0;
    const uint8_t *begin = cursor->at;
    enum result_type type = RESULT_NONE, scalar;
    do {
        bool array = take(cursor, '[');
        if (array || take(cursor, '{')) {
            if (depth == RESULT_FRAME_DEPTH_MAX)
                return STATUS_TOO_LARGE;
            closers[depth++] = array ? ']' : '}';
            if (!type)
                type = array ? RESULT_ARRAY : RESULT_OBJECT;
            skip_blanks(cursor);
            bool empty = cursor->at < cursor->end && *cursor->at == closers[depth - 1];
            if (!empty && !array && !skip_key(cursor))
                return STATUS_MALFORMED;
            if (!empty)
                continue;
        } else {
            if (!skip_scalar(cursor, &scalar))
                return STATUS_MALFORMED;
            if (!type)
                type = scalar;
        }
        if (!skip_after_value(cursor, closers, &depth))
            return STATUS_MALFORMED;
    } while (depth);
    *ret_value = (struct result_value){type, bytes_of(begin, (size_t)(cursor->at - begin))};
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
    MEMBER_HOSTS,
    MEMBER_HOSTS_MORE,
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

static enum status parse_members(struct cursor *cursor, struct member members[MEMBERS])
{
    skip_blanks(cursor);
    if (!take(cursor, '{'))
        return STATUS_MALFORMED;
    skip_blanks(cursor);
    if (take(cursor, '}'))
        return STATUS_OK;
    do {
        skip_blanks(cursor);
        const uint8_t *name = cursor->at + 1;
        if (!skip_string(cursor))
            return STATUS_MALFORMED;
        struct bytes key = bytes_of(name, (size_t)(cursor->at - 1 - name));
        skip_blanks(cursor);
        if (!take(cursor, ':'))
            return STATUS_MALFORMED;
        skip_blanks(cursor);
        struct result_value value;
        enum status status = skip_value(cursor, &value);
        if (status == STATUS_OK)
            status = store_member(members, key, value);
        if (status)
            return status;
        skip_blanks(cursor);
    } while (take(cursor, ','));
    return take(cursor, '}') ? STATUS_OK : STATUS_MALFORMED;
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
        [MEMBER_HOSTS] = {"hosts", 1u << RESULT_ARRAY | 1u << RESULT_NULL},
        [MEMBER_HOSTS_MORE] = {"hosts_more", 1u << RESULT_NUMBER},
        [MEMBER_TRUNCATED] = {"truncated", 1u << RESULT_BOOL},
    };
    struct cursor cursor = {payload.data, payload.data + payload.size};
    enum status status = payload.size ? parse_members(&cursor, members) : STATUS_MALFORMED;
    if (status)
        return status;
    skip_blanks(&cursor);
    struct result_frame frame = {.value = members[MEMBER_VALUE].value};
    if (cursor.at != cursor.end || !members[MEMBER_OK].value.type ||
        bytes_parse_u64(members[MEMBER_ID].value.json, &frame.id) != STATUS_OK ||
        bytes_parse_u64(members[MEMBER_DURATION].value.json, &frame.duration_us) != STATUS_OK)
        return STATUS_MALFORMED;
    if (members[MEMBER_HOSTS_MORE].value.type &&
        bytes_parse_u64(members[MEMBER_HOSTS_MORE].value.json, &frame.hosts_more) != STATUS_OK)
        return STATUS_MALFORMED;
    if (members[MEMBER_HOSTS].value.type == RESULT_ARRAY)
        frame.hosts = members[MEMBER_HOSTS].value;
    frame.ok = bytes_equal_cstr(members[MEMBER_OK].value.json, "true");
    frame.truncated = bytes_equal_cstr(members[MEMBER_TRUNCATED].value.json, "true");
    if (members[MEMBER_OUTPUTS].value.type == RESULT_ARRAY)
        frame.outputs = members[MEMBER_OUTPUTS].value;
    if (members[MEMBER_ERROR].value.type == RESULT_OBJECT)
        frame.error = members[MEMBER_ERROR].value;
    *ret_frame = frame;
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
    struct cursor cursor = {walk->at, walk->end};
    struct bytes key = {0};
    skip_blanks(&cursor);
    take(&cursor, ',');
    skip_blanks(&cursor);
    if (cursor.at == cursor.end)
        return false;
    if (walk->object) {
        const uint8_t *name = cursor.at + 1;
        if (!skip_string(&cursor))
            return false;
        key = bytes_of(name, (size_t)(cursor.at - 1 - name));
        skip_blanks(&cursor);
        take(&cursor, ':');
        skip_blanks(&cursor);
    }
    if (skip_value(&cursor, ret_value) != STATUS_OK)
        return false;
    if (ret_key)
        *ret_key = key;
    walk->at = cursor.at;
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

void result_value_append(struct buf *out, struct result_value value)
{
    struct bytes json = value.json;
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
