/* SPDX-License-Identifier: MIT */
/* bytes.c — comparing, splitting and checking borrowed bytes. */
#include "base/bytes.h"

#include "base/text.h"

int bytes_compare(struct bytes bytes, struct bytes other)
{
    size_t n = MIN(bytes.size, other.size);
    int c = n ? memcmp(bytes.data, other.data, n) : 0;
    if (c != 0)
        return c;
    return bytes.size < other.size ? -1 : bytes.size > other.size;
}

bool bytes_equal_nocase(struct bytes bytes, struct bytes other)
{
    if (bytes.size != other.size)
        return false;
    for (size_t i = 0; i < bytes.size; i++)
        if (ascii_lower(bytes.data[i]) != ascii_lower(other.data[i]))
            return false;
    return true;
}

bool bytes_starts_with_nocase(struct bytes bytes, struct bytes prefix)
{
    return bytes.size >= prefix.size && bytes_equal_nocase(bytes_slice(bytes, 0, prefix.size), prefix);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct bytes bytes_trim(struct bytes bytes)
{
    while (bytes.size && is_blank(bytes.data[0]))
        bytes = bytes_slice(bytes, 1, bytes.size - 1);
    while (bytes.size && is_blank(bytes.data[bytes.size - 1]))
        bytes.size--;
    return bytes;
}

struct bytes bytes_split(struct bytes *rest, char sep)
{
    const uint8_t *at = rest->size ? memchr(rest->data, sep, rest->size) : NULL;
    struct bytes head = *rest;
    if (!at) {
        *rest = (struct bytes){0};
        return head;
    }
    head.size = (size_t)(at - rest->data);
    *rest = bytes_slice(*rest, head.size + 1, rest->size);
    return head;
}

size_t bytes_find(struct bytes haystack, struct bytes needle)
{
    if (needle.size == 0)
        return 0;
    if (haystack.size < needle.size)
        return haystack.size;
    const uint8_t *at = memmem(haystack.data, haystack.size, needle.data, needle.size);
    return at ? (size_t)(at - haystack.data) : haystack.size;
}

enum status bytes_parse_u64(struct bytes bytes, uint64_t *ret_value)
{
    if (bytes.size == 0)
        return STATUS_MALFORMED;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned digit = (unsigned)bytes.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return STATUS_MALFORMED;
    }
    *ret_value = value;
    return STATUS_OK;
}

enum status bytes_parse_i64(struct bytes bytes, int64_t *ret_value)
{
    bool negative = bytes.size && bytes.data[0] == '-';
    uint64_t magnitude;
    enum status status = bytes_parse_u64(negative ? bytes_slice(bytes, 1, bytes.size) : bytes, &magnitude);
    if (status != STATUS_OK)
        return status;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return STATUS_MALFORMED;
    *ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return STATUS_OK;
}

/* RFC 3629, section 4: how long a character is that begins with a byte of a range, and what the second byte
 * may be. The narrower ranges keep out overlong forms (E0, F0), surrogates (ED) and what is above U+10FFFF
 * (F4). */
static const struct utf8_row {
    uint8_t first_min, first_max;
    uint8_t size; /* bytes */
    uint8_t second_min, second_max;
} utf8_rows[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct utf8_row *utf8_row_of(uint8_t first)
{
    for (size_t i = 0; i < ARRAY_SIZE(utf8_rows); i++) {
        if (first >= utf8_rows[i].first_min && first <= utf8_rows[i].first_max)
            return &utf8_rows[i];
    }
    return NULL;
}

/* Length of the well-formed character at `text`, of which `left` bytes are there (at least one), or 0. */
static size_t utf8_char_size(const uint8_t *text, size_t left)
{
    if (text[0] < 0x80)
        return 1;

    const struct utf8_row *row = utf8_row_of(text[0]);
    if (!row || left < row->size)
        return 0;
    if (text[1] < row->second_min || text[1] > row->second_max)
        return 0;

    for (size_t i = 2; i < row->size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return row->size;
}

bool bytes_utf8_valid(struct bytes bytes)
{
    size_t i = 0;
    while (i < bytes.size) {
        uint64_t word;
        /* Most text is ASCII: eight bytes at a time while no high bit is set. */
        if (bytes.size - i >= sizeof word) {
            memcpy(&word, bytes.data + i, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t n = utf8_char_size(bytes.data + i, bytes.size - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

struct bytes bytes_utf8_prefix(struct bytes bytes, size_t max)
{
    if (bytes.size <= max)
        return bytes;
    size_t end = max;
    /* Step back over at most three continuation bytes to the start of the character that would be cut. */
    for (int i = 0; i < 3 && end > 0 && (bytes.data[end] & 0xc0) == 0x80; i++)
        end--;
    return bytes_slice(bytes, 0, end);
}

/* White space beyond ASCII (Unicode property White_Space), as it is written in UTF-8. */
static const char *const wide_spaces[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80",
};

/* The bytes of the white space that `text` starts with; 0: none. */
static size_t leading_space(struct bytes text)
{
    if (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r'))
        return 1;
    for (size_t i = 0; i < ARRAY_SIZE(wide_spaces); i++) {
        struct bytes space = bytes_of_cstr(wide_spaces[i]);
        if (bytes_starts_with(text, space))
            return space.size;
    }
    return 0;
}

bool bytes_utf8_blank(struct bytes bytes)
{
    size_t at = 0;
    while (at < bytes.size) {
        size_t size = leading_space(bytes_slice(bytes, at, bytes.size));
        if (!size)
            return false;
        at += size;
    }
    return true;
}
