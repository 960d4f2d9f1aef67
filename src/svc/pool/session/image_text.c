/* SPDX-License-Identifier: MIT */
/* image_text.c — the table of formats, base64 made plain, and the look at an image's first bytes. */
#include "svc/pool/session/image_text.h"

#include "base/encode.h"
#include "base/text.h"

#define IMAGE_MAGIC_SIZE 12 /* bytes that tell the type */

static const struct {
    const char *format;
    const char *magic; /* '?' stands for any byte */
} image_formats[] = {
    {"png", "\x89PNG\r\n\x1a\n"},
    {"jpeg", "\xff\xd8\xff"},
    {"gif", "GIF8?a"},
    {"webp", "RIFF????WEBP"},
};

static bool magic_matches(struct bytes head, const char *magic)
{
    size_t size = strlen(magic);
    if (head.size < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (magic[i] != '?' && head.data[i] != (uint8_t)magic[i])
            return false;
    return true;
}

static bool is_base64_byte(uint8_t byte)
{
    return ascii_alpha(byte) || ascii_digit(byte) || byte == '+' || byte == '/';
}

/* Standard alphabet, padded, without blanks. */
static bool is_base64(struct bytes text)
{
    if (text.size == 0 || text.size % 4 != 0)
        return false;
    for (int pads = 0; pads < 2 && text.data[text.size - 1] == '='; pads++)
        text.size--;
    for (size_t i = 0; i < text.size; i++)
        if (!is_base64_byte(text.data[i]))
            return false;
    return true;
}

static bool image_is_what_it_claims(struct bytes base64, const char *magic)
{
    CLEANUP(buf_fini) struct buf head = {0};
    struct bytes front = bytes_slice(base64, 0, IMAGE_MAGIC_SIZE / 3 * 4);
    return is_base64(base64) && base64_decode(&head, front) == STATUS_OK &&
           magic_matches(buf_peek(&head), magic);
}

/* Base64 as some encoders write it, in lines or with "\/", made plain. `in` is the inside of a JSON string. */
static void append_plain_base64(struct buf *out, struct bytes in)
{
    while (in.size) {
        const uint8_t *escape = memchr(in.data, '\\', in.size);
        size_t plain = escape ? (size_t)(escape - in.data) : in.size;
        buf_append_bytes(out, bytes_slice(in, 0, plain));
        in = bytes_slice(in, plain, in.size);
        if (!in.size)
            return;
        if (in.data[1] == '/')
            buf_append_byte(out, '/');
        else if (in.data[1] != 'n' && in.data[1] != 'r')
            buf_append_byte(out, '\\'); /* no base64: the check will see it */
        in = bytes_slice(in, 2, in.size);
    }
}

static const char *magic_of(const char *format)
{
    for (size_t i = 0; i < ARRAY_SIZE(image_formats); i++)
        if (strcmp(format, image_formats[i].format) == 0)
            return image_formats[i].magic;
    return NULL;
}

bool image_text_append(struct buf *out, const char *format, struct bytes text)
{
    const char *magic = magic_of(format);
    struct bytes base64 = text;
    CLEANUP(buf_fini) struct buf plain = {0};
    if (memchr(text.data, '\\', text.size)) {
        append_plain_base64(&plain, text);
        base64 = buf_peek(&plain);
    }
    if (!magic || plain.failed || !image_is_what_it_claims(base64, magic))
        return false;
    buf_append_byte(out, '"');
    buf_append_bytes(out, base64);
    buf_append_byte(out, '"');
    return true;
}

const char *image_text_format(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_SIZE(image_formats); i++)
        if (bytes_equal_cstr(name, image_formats[i].format))
            return image_formats[i].format;
    return NULL;
}
