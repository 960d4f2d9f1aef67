/* SPDX-License-Identifier: MIT */
/* page_token.c — the two forms, one after the other; a separator at its fixed place tells one from the other. */
#include "store/page_token.h"

#include "base/encode.h"

#define HEAD_SIZE  13
#define CHECK_SIZE 4
#define RAW_MAX    (HEAD_SIZE + PAGE_TOKEN_ID_SIZE_MAX + CHECK_SIZE)
#define TEXT_MAX   ((RAW_MAX + 2) / 3 * 4)

enum { ORDER_CREATED = 1, ORDER_COMPLETED = 2 };

/* FNV-1a: against accidents, not against an adversary. */
static uint32_t checksum(struct bytes bytes)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 16777619u;
    return hash;
}

static void append_number(struct buf *out, uint64_t value, size_t size)
{
    while (size-- > 0)
        buf_append_byte(out, (uint8_t)(value >> (8 * size)));
}

static uint64_t read_number(const uint8_t *in, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | in[i];
    return value;
}

/* --- by completion: HUB TIME CHECKSUM | id --- */

#define HUB_DIGITS   8
#define TIME_DIGITS  16
#define CHECK_DIGITS 8
#define PLAIN_HEAD   (HUB_DIGITS + TIME_DIGITS + CHECK_DIGITS)
#define SEPARATOR    '|'

static void append_hex(struct buf *out, uint64_t value, size_t digits)
{
    static const char characters[] = "0123456789abcdef";
    while (digits-- > 0)
        buf_append_byte(out, (uint8_t)characters[value >> (4 * digits) & 15]);
}

/* Takes digits off the front; lower case only, so that no two texts are one token. */
static bool take_hex(struct bytes *rest, size_t digits, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = rest->data[i];
        bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(c >= 'a' && c <= 'f'))
            return false;
        value = value << 4 | (uint64_t)(decimal ? c - '0' : c - 'a' + 10);
    }
    *rest = bytes_slice(*rest, digits, SIZE_MAX);
    *ret_value = value;
    return true;
}

static uint32_t plain_checksum(const struct page_token *token)
{
    uint64_t head[2] = {token->hub, (uint64_t)token->time_ns};
    return checksum(bytes_of(head, sizeof head)) ^ checksum(token->instance_id);
}

static void write_plain(struct buf *text, const struct page_token *token)
{
    append_hex(text, token->hub, HUB_DIGITS);
    append_hex(text, (uint64_t)token->time_ns, TIME_DIGITS);
    append_hex(text, plain_checksum(token), CHECK_DIGITS);
    buf_append_byte(text, SEPARATOR);
    buf_append_bytes(text, token->instance_id);
}

static enum status read_plain(struct arena *arena, struct bytes text, struct page_token *ret_token)
{
    uint64_t hub, time_ns, check;
    if (!take_hex(&text, HUB_DIGITS, &hub) || !take_hex(&text, TIME_DIGITS, &time_ns) ||
        !take_hex(&text, CHECK_DIGITS, &check))
        return STATUS_MALFORMED;
    struct page_token token = {.by_completion = true,
                               .hub = (uint32_t)hub,
                               .time_ns = (int64_t)time_ns,
                               .instance_id = bytes_slice(text, 1, SIZE_MAX)};
    if (check != plain_checksum(&token) || token.instance_id.size == 0 ||
        token.instance_id.size > PAGE_TOKEN_ID_SIZE_MAX)
        return STATUS_MALFORMED;
    token.instance_id = arena_copy(arena, token.instance_id);
    if (!token.instance_id.data)
        return STATUS_NO_MEMORY;
    *ret_token = token;
    return STATUS_OK;
}

/* --- both --- */

enum status page_token_write(struct arena *arena, const struct page_token *token, struct bytes *ret_text)
{
    CLEANUP(buf_fini) struct buf raw = {.limit = RAW_MAX};
    CLEANUP(buf_fini) struct buf text = {0};
    if (token->by_completion) {
        write_plain(&text, token);
    } else {
        buf_append_byte(&raw, ORDER_CREATED);
        append_number(&raw, token->hub, 4);
        append_number(&raw, (uint64_t)token->time_ns, 8);
        buf_append_bytes(&raw, token->instance_id);
        append_number(&raw, checksum(buf_peek(&raw)), CHECK_SIZE);
        base64_encode(&text, buf_peek(&raw));
    }
    if (buf_status(&raw) != STATUS_OK || buf_status(&text) != STATUS_OK)
        return STATUS_NO_MEMORY;
    struct bytes copy = arena_copy(arena, buf_peek(&text));
    if (!copy.data)
        return STATUS_NO_MEMORY;
    *ret_text = copy;
    return STATUS_OK;
}

enum status page_token_read(struct arena *arena, struct bytes text, struct page_token *ret_token)
{
    CLEANUP(buf_fini) struct buf raw = {.limit = RAW_MAX};
    if (text.size > PLAIN_HEAD && text.data[PLAIN_HEAD] == SEPARATOR)
        return read_plain(arena, text, ret_token);
    if (text.size > TEXT_MAX || base64_decode(&raw, text) != STATUS_OK || buf_status(&raw) != STATUS_OK ||
        raw.size <= HEAD_SIZE + CHECK_SIZE)
        return STATUS_MALFORMED;
    size_t body = raw.size - CHECK_SIZE;
    uint8_t order = raw.data[0];
    if (read_number(raw.data + body, CHECK_SIZE) != checksum(bytes_of(raw.data, body)) ||
        (order != ORDER_CREATED && order != ORDER_COMPLETED))
        return STATUS_MALFORMED;
    struct bytes id = arena_copy(arena, bytes_of(raw.data + HEAD_SIZE, body - HEAD_SIZE));
    if (!id.data)
        return STATUS_NO_MEMORY;
    *ret_token = (struct page_token){.by_completion = order == ORDER_COMPLETED,
                                     .hub = (uint32_t)read_number(raw.data + 1, 4),
                                     .time_ns = (int64_t)read_number(raw.data + 5, 8),
                                     .instance_id = id};
    return STATUS_OK;
}
