/* SPDX-License-Identifier: MIT */
/* encode.h — base64 (RFC 4648), percent-encoding (RFC 3986), GUID text and RFC 3339 time, all without state.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"

/* Standard alphabet with padding. */
void base64_encode(struct buf *out, struct bytes in);
/* Standard alphabet; padding optional, blanks refused. MALFORMED leaves `out` with what came before the
 * fault. */
STATUS_RESULT base64_decode(struct buf *out, struct bytes in);
/* The alphabet for URLs, without padding (RFC 4648 section 5). Decoding is strict: no padding, and no loose bits, so that
 * one text only stands for some bytes. MALFORMED as above. */
void base64url_encode(struct buf *out, struct bytes in);
STATUS_RESULT base64url_decode(struct buf *out, struct bytes in);
/* Escapes all but RFC 3986 unreserved characters and those in `keep` (NULL allowed). */
void percent_encode(struct buf *out, struct bytes in, const char *keep);

#define GUID_TEXT_SIZE   36 /* 8-4-4-4-12 hex digits and hyphens, without the NUL */
#define GUID_DIGITS_SIZE 32 /* the "N" form: 32 hex digits, without the NUL */
/* Lower-case text of a random (version 4) GUID made from 16 bytes; the version and variant bits are set here.
 */
void guid_format(const uint8_t random[16], char ret_text[GUID_TEXT_SIZE + 1]);
void guid_format_digits(const uint8_t random[16], char ret_digits[GUID_DIGITS_SIZE + 1]);

#define TIME_TEXT_SIZE_MAX 40
/* RFC 3339 in UTC with `digits` (0..9) fraction digits and 'Z', from nanoseconds since 1970. Returns the
 * length. */
size_t time_format(int64_t unix_ns, int digits, char ret_text[TIME_TEXT_SIZE_MAX]);

#endif
