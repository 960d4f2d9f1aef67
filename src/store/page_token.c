/* SPDX-License-Identifier: MIT */
/* page_token.c — see page_token.h. */
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

STATUS_RESULT page_token_write(struct arena *arena, const struct page_token *token, struct bytes *ret_text)
{
    CLEANUP(buf_fini) struct buf raw = {.limit = RAW_MAX};
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_byte(&raw, token->by_completion ? ORDER_COMPLETED : ORDER_CREATED);
    append_number(&raw, token->hub, 4);
    append_number(&raw, (uint64_t)token->time_ns, 8);
    buf_append_bytes(&raw, token->instance_id);
    append_number(&raw, checksum(buf_peek(&raw)), CHECK_SIZE);
    base64_encode(&text, buf_peek(&raw));
    if (buf_status(&raw) != STATUS_OK || buf_status(&text) != STATUS_OK)
        return STATUS_NO_MEMORY;
    struct bytes copy = arena_copy(arena, buf_peek(&text));
    if (!copy.data)
        return STATUS_NO_MEMORY;
    *ret_text = copy;
    return STATUS_OK;
}

STATUS_RESULT page_token_read(struct arena *arena, struct bytes text, struct page_token *ret_token)
{
    CLEANUP(buf_fini) struct buf raw = {.limit = RAW_MAX};
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
