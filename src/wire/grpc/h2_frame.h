/* SPDX-License-Identifier: MIT */
/* h2_frame.h — finds the frames in what an HTTP/2 client sends (RFC 9113 sections 3.4 and 4.1), without a
 * look into them. The HTTP/2 library reports the frames that mean something; who wants to know what a peer
 * costs must see all of them, the ignored and the unknown too, and before they are worked on. Pure. */
#ifndef WIRE_GRPC_H2_FRAME_H
#define WIRE_GRPC_H2_FRAME_H

#include "base/bytes.h"

#define H2_PREFACE_SIZE    24 /* bytes of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" */
#define H2_FRAME_HEAD_SIZE 9  /* bytes */

enum h2_frame_type { /* RFC 9113 section 6 */
                     H2_FRAME_DATA,
                     H2_FRAME_HEADERS,
                     H2_FRAME_PRIORITY,
                     H2_FRAME_RST_STREAM,
                     H2_FRAME_SETTINGS,
                     H2_FRAME_PUSH_PROMISE,
                     H2_FRAME_PING,
                     H2_FRAME_GOAWAY,
                     H2_FRAME_WINDOW_UPDATE,
                     H2_FRAME_CONTINUATION,
                     H2_FRAME_TYPE_COUNT, /* there may be types from here on: a receiver ignores them */
};

struct h2_frame {
    uint32_t payload_size; /* bytes; below 2^24 */
    uint8_t type;
    uint8_t flags;
};

/* Where one connection's bytes stand. */
struct h2_frame_reader {
    uint8_t head[H2_FRAME_HEAD_SIZE];
    uint8_t head_size;
    uint32_t skip; /* bytes until the next head */
};

/* At the beginning of a connection: the client's preface, whose text is not looked at, stands first. */
void h2_frame_reader_init(struct h2_frame_reader *reader);
/* Takes bytes from the front of `*data` up to the end of the next head of a frame. False: they are used up.
 */
bool h2_frame_next(struct h2_frame_reader *reader, struct bytes *data, struct h2_frame *ret_frame);

#endif
