/* SPDX-License-Identifier: MIT */
/* grpc_header.c — tables and short scans. */
#include "wire/grpc/grpc_header.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"

#define TIMEOUT_DIGITS_MAX 8
#define TIMEOUT_VALUE_MAX  99999999

/* Finest first, so that formatting takes the first that fits. */
static const struct {
    uint8_t letter;
    int64_t ns;
} timeout_units[] = {
    {'n', 1}, {'u', 1000}, {'m', 1000000}, {'S', 1000000000}, {'M', 60000000000}, {'H', 3600000000000},
};

enum status grpc_timeout_parse(struct bytes text, int64_t *ret_timeout_ns)
{
    if (text.size < 2 || text.size > TIMEOUT_DIGITS_MAX + 1)
        return STATUS_MALFORMED;
    uint64_t value;
    enum status status = bytes_parse_u64(bytes_slice(text, 0, text.size - 1), &value);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < ARRAY_SIZE(timeout_units); i++) {
        if (timeout_units[i].letter != text.data[text.size - 1])
            continue;
        int64_t ns;
        bool over = __builtin_mul_overflow((int64_t)value, timeout_units[i].ns, &ns);
        *ret_timeout_ns = over ? INT64_MAX : ns;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

void grpc_timeout_format(int64_t timeout_ns, char ret_text[GRPC_TIMEOUT_TEXT_SIZE])
{
    timeout_ns = MAX(timeout_ns, 0);
    for (size_t i = 0; i < ARRAY_SIZE(timeout_units); i++) {
        int64_t unit = timeout_units[i].ns;
        int64_t value = timeout_ns / unit + (timeout_ns % unit != 0);
        if (value > TIMEOUT_VALUE_MAX)
            continue; /* the last unit always fits: INT64_MAX ns are 2.6 million hours */
        snprintf(ret_text, GRPC_TIMEOUT_TEXT_SIZE, "%d%c", (int)value, timeout_units[i].letter);
        return;
    }
}

void grpc_header_encode_message(struct buf *out, struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c >= 0x20 && c <= 0x7e && c != '%') {
            buf_append_byte(out, c);
            continue;
        }
        const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
        buf_append(out, escape, sizeof escape);
    }
}

void grpc_header_decode_message(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        int high = c == '%' && text.size - i > 2 ? ascii_hex_value(text.data[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex_value(text.data[i + 2]) : -1;
        if (low >= 0) {
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        buf_append_byte(out, c);
    }
}

bool grpc_content_type_valid(struct bytes content_type)
{
    struct bytes name = BYTES_LITERAL("application/grpc");
    if (!bytes_starts_with_nocase(content_type, name))
        return false;
    return content_type.size == name.size || content_type.data[name.size] == '+' ||
           content_type.data[name.size] == ';';
}

bool grpc_metadata_binary(struct bytes name)
{
    return name.size >= 4 && memcmp(name.data + name.size - 4, "-bin", 4) == 0;
}

enum status grpc_metadata_decode(struct buf *out, struct bytes value)
{
    struct bytes first = bytes_split(&value, ',');
    enum status status = base64_decode(out, bytes_trim(first));
    if (status != STATUS_OK)
        return status;
    return buf_status(out);
}

enum status grpc_status_from_http(int http_status)
{
    switch (http_status) {
    case 400:
        return STATUS_INTERNAL;
    case 401:
        return STATUS_UNAUTHENTICATED;
    case 403:
        return STATUS_PERMISSION_DENIED;
    case 404:
        return STATUS_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return STATUS_UNAVAILABLE;
    default:
        return STATUS_UNKNOWN;
    }
}

enum status grpc_status_from_reset(uint32_t http2_error_code)
{
    switch (http2_error_code) { /* RFC 9113 section 7 */
    case 0x7:                   /* REFUSED_STREAM */
        return STATUS_UNAVAILABLE;
    case 0x8: /* CANCEL */
        return STATUS_CANCELLED;
    case 0xb: /* ENHANCE_YOUR_CALM */
        return STATUS_RESOURCE_EXHAUSTED;
    case 0xc: /* INADEQUATE_SECURITY */
        return STATUS_PERMISSION_DENIED;
    default:
        return STATUS_INTERNAL;
    }
}
