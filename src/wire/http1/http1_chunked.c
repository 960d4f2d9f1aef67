/* SPDX-License-Identifier: MIT */
/* http1_chunked.c — the chunked transfer coding, byte by byte outside the data (RFC 9112 section 7.1).
 *
 *   SIZE ──CR──► SIZE_LF ──► DATA ──► DATA_CR ──► DATA_LF ──► SIZE
 *     │ ';'          └─(size 0)─► TRAILER ⇄ TRAILER_LINE … ──CRLF──► DONE
 *     └──► EXTENSION ──CR──► SIZE_LF
 *
 * Blanks around the size, which RFC 9112 asks to tolerate before ';', are refused: no client sends them, and
 * parsers differ about them. */
#include "wire/http1/http1.h"

#include "base/text.h"

enum {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    DONE,
    BROKEN
};

#define SIZE_DIGITS_MAX 15 /* 60 bits; leading zeros count, so a size line cannot go on for ever */

void http1_chunked_init(struct http1_chunked *c)
{
    *c = (struct http1_chunked){.state = SIZE};
}

static enum status fault(struct http1_chunked *c, int http_status, const char *text)
{
    c->fault = (struct http1_fault){http_status, text};
    c->state = BROKEN;
    return STATUS_MALFORMED;
}

static enum status move(struct http1_chunked *c, int state)
{
    c->state = state;
    return STATUS_TRUNCATED;
}

static enum status size_byte(struct http1_chunked *c, uint8_t byte)
{
    int value = ascii_hex_value(byte);
    if (value >= 0) {
        if (++c->digits > SIZE_DIGITS_MAX)
            return fault(c, 400, "A chunk size has too many digits.");
        c->left = c->left << 4 | (uint64_t)value;
        return STATUS_TRUNCATED;
    }
    if (c->digits == 0 || (byte != '\r' && byte != ';'))
        return fault(c, 400, "A chunk size is not a hexadecimal number.");
    return move(c, byte == ';' ? EXTENSION : SIZE_LF);
}

static enum status extension_byte(struct http1_chunked *c, uint8_t byte)
{
    if (byte == '\r')
        return move(c, SIZE_LF);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
        return fault(c, 400, "A chunk extension holds a control character.");
    if (++c->line_size > HTTP1_CHUNK_LINE_MAX || ++c->extension_size > HTTP1_CHUNK_EXTENSION_MAX)
        return fault(c, 400, "The chunk extensions are too long.");
    return STATUS_TRUNCATED;
}

/* Trailer fields: the name must be a token followed by a colon, the value without control characters. */
static enum status trailer_byte(struct http1_chunked *c, uint8_t byte)
{
    if (++c->trailer_size > HTTP1_TRAILER_SIZE_MAX)
        return fault(c, 431, "The trailer section is too large.");
    if (c->state == TRAILER && byte == '\r')
        return move(c, END_LF);
    if (c->state == TRAILER || c->state == TRAILER_NAME) {
        if (c->state == TRAILER_NAME && byte == ':')
            return move(c, TRAILER_VALUE);
        return http1_token_valid(bytes_of(&byte, 1)) ? move(c, TRAILER_NAME)
                                                     : fault(c, 400, "A trailer name is not a token.");
    }
    if (byte == '\r')
        return move(c, TRAILER_LF);
    return http1_value_valid(bytes_of(&byte, 1))
               ? STATUS_TRUNCATED
               : fault(c, 400, "A trailer value holds a control character.");
}

static enum status line_feed(struct http1_chunked *c, uint8_t byte)
{
    if (byte != '\n')
        return fault(c, 400, "A CR in a chunked body is not followed by LF.");
    switch (c->state) {
    case SIZE_LF:
        c->line_size = 0;
        return move(c, c->left ? DATA : TRAILER);
    case DATA_LF:
        c->digits = 0;
        return move(c, SIZE);
    case TRAILER_LF:
        return move(c, TRAILER);
    default: /* END_LF */
        c->state = DONE;
        return STATUS_OK;
    }
}

static enum status one_byte(struct http1_chunked *c, uint8_t byte)
{
    switch (c->state) {
    case SIZE:
        return size_byte(c, byte);
    case EXTENSION:
        return extension_byte(c, byte);
    case DATA_CR:
        return byte == '\r' ? move(c, DATA_LF) : fault(c, 400, "A chunk is longer than its size.");
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return trailer_byte(c, byte);
    default:
        return line_feed(c, byte);
    }
}

enum status http1_chunked_feed(struct http1_chunked *c, struct bytes in, size_t *ret_used,
                               struct bytes *ret_data)
{
    *ret_used = 0;
    *ret_data = (struct bytes){0};
    if (c->state == DONE)
        return STATUS_OK;
    if (c->state == BROKEN)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < in.size;) {
        if (c->state == DATA) {
            *ret_data = bytes_slice(in, i, (size_t)MIN(c->left, (uint64_t)SIZE_MAX));
            c->left -= ret_data->size;
            *ret_used = i + ret_data->size;
            return c->left ? STATUS_TRUNCATED : move(c, DATA_CR);
        }
        enum status s = one_byte(c, in.data[i++]);
        *ret_used = i;
        if (s != STATUS_TRUNCATED)
            return s;
    }
    return STATUS_TRUNCATED;
}
