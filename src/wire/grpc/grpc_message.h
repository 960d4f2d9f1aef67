/* SPDX-License-Identifier: MIT */
/* grpc_message.h — messages inside the body of a gRPC call (grpc/grpc doc/PROTOCOL-HTTP2.md,
 * Length-Prefixed-Message). A message is a flag byte (0 plain, 1 compressed), a big-endian u32 size, and the
 * bytes. It may straddle any number of DATA frames, and several may share one. The reader checks the size
 * against its limit before it stores a byte, and stores only what has really come. Pure; used by the server
 * and the client. */
#ifndef WIRE_GRPC_GRPC_MESSAGE_H
#define WIRE_GRPC_GRPC_MESSAGE_H

#include "base/buf.h"

#define GRPC_PREFIX_SIZE 5 /* bytes */

struct grpc_message {
    bool compressed;
    struct bytes data;
};

/* One direction of one call. Zero-initialise but for the limit; grpc_reader_fini frees. */
struct grpc_reader {
    size_t message_size_max;
    uint8_t prefix[GRPC_PREFIX_SIZE];
    uint8_t prefix_size;
    struct buf message;  /* what came of a message that is not whole yet */
    bool message_is_out; /* the stored message was handed out and is dropped by the next call */
};

void grpc_reader_fini(struct grpc_reader *reader);
/* Takes bytes from the front of `*data` until one message is whole or they are used up.
 * OK: `*ret_message` is whole; it points into the reader or into the caller's bytes and is valid until the
 * next call with this reader or until those bytes go. TRUNCATED: all is used up, more is needed. MALFORMED: a
 * flag other than 0 and 1. TOO_LARGE: the prefix names more than message_size_max. NO_MEMORY. After an error
 * the reader may only be freed. */
STATUS_RESULT grpc_reader_take(struct grpc_reader *reader, struct bytes *data,
                               struct grpc_message *ret_message);
/* True between messages: the body may end here. */
bool grpc_reader_at_boundary(const struct grpc_reader *reader);

/* Appends one plain message; check buf_status. More than 4 GiB - 1 fails the buffer. */
void grpc_message_write(struct buf *out, struct bytes message);

/* Unpacks one gzip member (RFC 1952) of at most `size_max` bytes to the end of `out`. TOO_LARGE over it,
 * MALFORMED for bytes that are not exactly one gzip stream, NO_MEMORY. */
STATUS_RESULT grpc_gunzip(struct bytes in, size_t size_max, struct buf *out);

#endif
