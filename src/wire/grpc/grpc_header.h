/* SPDX-License-Identifier: MIT */
/* grpc_header.h — the values of gRPC's own headers (grpc/grpc doc/PROTOCOL-HTTP2.md). Pure and without state.
 */
#ifndef WIRE_GRPC_GRPC_HEADER_H
#define WIRE_GRPC_GRPC_HEADER_H

#include "base/buf.h"

/* grpc-timeout: 1 to 8 digits and one of H M S m u n. In nanoseconds; INT64_MAX when it does not fit.
 * MALFORMED. */
STATUS_RESULT grpc_timeout_parse(struct bytes text, int64_t *ret_timeout_ns);
#define GRPC_TIMEOUT_TEXT_SIZE 10 /* with the NUL */
/* The finest unit that fits in 8 digits, rounded up; below 0 counts as 0. */
void grpc_timeout_format(int64_t timeout_ns, char ret_text[GRPC_TIMEOUT_TEXT_SIZE]);

/* grpc-message: everything but printable ASCII without '%' is escaped as %XX. Check buf_status. */
void grpc_header_encode_message(struct buf *out, struct bytes text);
/* Never refuses: an escape that is not one stands for itself, as the protocol asks. Check buf_status. */
void grpc_header_decode_message(struct buf *out, struct bytes text);

/* True for application/grpc, alone or followed by '+' or ';' and anything (such as application/grpc+proto).
 */
bool grpc_content_type_valid(struct bytes content_type);
/* True for a metadata name whose value is base64: it ends in "-bin". */
bool grpc_metadata_binary(struct bytes name);
/* The value of a "-bin" metadata: base64 with or without padding; of values joined by commas the first.
 * MALFORMED. */
STATUS_RESULT grpc_metadata_decode(struct buf *out, struct bytes value);

/* The gRPC code for an answer that is not gRPC, from its HTTP status (grpc/grpc
 * doc/http-grpc-status-mapping.md). */
enum status grpc_status_from_http(int http_status);
/* The gRPC code for a stream that was reset with an HTTP/2 error code (PROTOCOL-HTTP2.md, Errors). */
enum status grpc_status_from_reset(uint32_t http2_error_code);

#endif
