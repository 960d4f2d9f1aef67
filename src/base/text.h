/* SPDX-License-Identifier: MIT */
/* text.h — ASCII character classes that do not depend on the locale; texts that may be missing; the size of a character
 * in UTF-8. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint8_t ascii_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static inline bool ascii_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool ascii_alpha(uint8_t byte)
{
    return ascii_lower(byte) >= 'a' && ascii_lower(byte) <= 'z';
}

static inline bool ascii_alnum(uint8_t byte)
{
    return ascii_digit(byte) || ascii_alpha(byte);
}

/* The value of a hexadecimal digit, or -1. */
static inline int ascii_hex_value(uint8_t byte)
{
    if (ascii_digit(byte))
        return byte - '0';
    byte = ascii_lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* `text`, or `otherwise` where there is none. */
static inline const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* Bytes of the character that begins with `lead`, in a text that is valid. */
static inline size_t utf8_lead_size(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xe0)
        return 2;
    return lead < 0xf0 ? 3 : 4;
}

#endif
