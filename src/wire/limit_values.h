/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the formats that stand in no format's own header.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef WIRE_LIMIT_VALUES_H
#define WIRE_LIMIT_VALUES_H

#include <stddef.h>

#define HTTP1_EMPTY_LINES_MAX   4
#define HTTP1_METHOD_SIZE_MAX   32
#define MULTIPART_PARTS_MAX     128
#define MULTIPART_HEAD_SIZE_MAX ((size_t)16 << 10)
#define HTTP1_HOST_SIZE_MAX     255

#endif
