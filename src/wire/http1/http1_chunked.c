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

void http1_chunked_init(struct http1_chunked *chunked)
{
    *chunked = (struct http1_chunked){.state = SIZE};
}

static enum status fault(struct http1_chunked *chunked, int http_status, const char *text)
{
    chunked->fault = (struct http1_fault){http_status, text};
    chunked->state = BROKEN;
    return STATUS_MALFORMED;
}

static enum status move(struct http1_chunked *chunked, int state)
{
    chunked->state = state;
    return STATUS_TRUNCATED;
}

static enum status size_byte(struct http1_chunked *chunked, uint8_t byte)
{
    int value = ascii_hex_value(byte);
    if (value >= 0) {
        if (++chunked->digits > SIZE_DIGITS_MAX)
            return fault(chunked, 400, "A chunk size has too many digits.");
        chunked->left = chunked->left << 4 | (uint64_t)value;
        return STATUS_TRUNCATED;
    }
    if (chunked->digits == 0 || (byte != '\r' && byte != ';'))
        return fault(chunked, 400, "A chunk size is not a hexadecimal number.");
    return move(chunked, byte == ';' ? EXTENSION : SIZE_LF);
}

static enum status extension_byte(struct http1_chunked *chunked, uint8_t byte)
{
    if (byte == '\r')
        return move(chunked, SIZE_LF);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
        return fault(chunked, 400, "A chunk extension holds a control character.");
    if (++chunked->line_size > HTTP1_CHUNK_LINE_MAX || ++chunked->extension_size > HTTP1_CHUNK_EXTENSION_MAX)
        return fault(chunked, 400, "The chunk extensions are too long (limit http1-chunk-extension-max).");
    return STATUS_TRUNCATED;
}

/* Trailer fields: the name must be a token followed by a colon, the value without control characters. */
static enum status trailer_byte(struct http1_chunked *chunked, uint8_t byte)
{
    if (++chunked->trailer_size > HTTP1_TRAILER_SIZE_MAX)
        return fault(chunked, 431, "The trailer section is too large (limit http1-trailer-size-max).");
    if (chunked->state == TRAILER && byte == '\r')
        return move(chunked, END_LF);
    if (chunked->state == TRAILER || chunked->state == TRAILER_NAME) {
        if (chunked->state == TRAILER_NAME && byte == ':')
            return move(chunked, TRAILER_VALUE);
        if (!http1_token_valid(bytes_of(&byte, 1)))
            return fault(chunked, 400, "A trailer name is not a token.");
        return move(chunked, TRAILER_NAME);
    }
    if (byte == '\r')
        return move(chunked, TRAILER_LF);
    if (!http1_value_valid(bytes_of(&byte, 1)))
        return fault(chunked, 400, "A trailer value holds a control character.");
    return STATUS_TRUNCATED;
}

static enum status line_feed(struct http1_chunked *chunked, uint8_t byte)
{
    if (byte != '\n')
        return fault(chunked, 400, "A CR in a chunked body is not followed by LF.");
    switch (chunked->state) {
    case SIZE_LF:
        chunked->line_size = 0;
        return move(chunked, chunked->left ? DATA : TRAILER);
    case DATA_LF:
        chunked->digits = 0;
        return move(chunked, SIZE);
    case TRAILER_LF:
        return move(chunked, TRAILER);
    default: /* END_LF */
        chunked->state = DONE;
        return STATUS_OK;
    }
}

static enum status one_byte(struct http1_chunked *chunked, uint8_t byte)
{
    switch (chunked->state) {
    case SIZE:
        return size_byte(chunked, byte);
    case EXTENSION:
        return extension_byte(chunked, byte);
    case DATA_CR:
        if (byte != '\r')
            return fault(chunked, 400, "A chunk is longer than its size.");
        return move(chunked, DATA_LF);
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return trailer_byte(chunked, byte);
    default:
        return line_feed(chunked, byte);
    }
}

enum status http1_chunked_feed(struct http1_chunked *chunked, struct bytes in, size_t *ret_used,
                               struct bytes *ret_data)
{
    *ret_used = 0;
    *ret_data = (struct bytes){0};
    if (chunked->state == DONE)
        return STATUS_OK;
    if (chunked->state == BROKEN)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < in.size;) {
        if (chunked->state == DATA) {
            *ret_data = bytes_slice(in, i, (size_t)MIN(chunked->left, (uint64_t)SIZE_MAX));
            chunked->left -= ret_data->size;
            *ret_used = i + ret_data->size;
            if (chunked->left)
                return STATUS_TRUNCATED;
            return move(chunked, DATA_CR);
        }
        enum status status = one_byte(chunked, in.data[i++]);
        *ret_used = i;
        if (status != STATUS_TRUNCATED)
            return status;
    }
    return STATUS_TRUNCATED;
}
