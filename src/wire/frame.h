/* SPDX-License-Identifier: MIT */
/* frame.h — what travels between the pool and a session over the session's control socket.
 * A frame is an 8-byte head (u32 payload size, u8 type, 3 zero bytes; little-endian) and the payload.
 * Everything a session sends is hostile: sizes are checked before a byte is stored, unknown types and
 * non-zero reserved bytes are MALFORMED, and the pool ends the session on the first fault.
 *
 * Output does not travel here: descriptors 1 and 2 of the session are pipes, read by the pool. When a RESULT
 * frame has come, everything the cell itself printed is already in the pipes. */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/buf.h"

#define FRAME_HEAD_SIZE        8                  /* bytes */
#define FRAME_PAYLOAD_SIZE_MAX ((size_t)32 << 20) /* bytes; a pool may set a lower limit */

enum frame_type {
    /* pool → session, JSON {"id":u64,"code":str,"empty":bool,"result_size_max":u64,"after_interrupt":bool?}.
     * A RESULT with a payload over `result_size_max` bytes is not read. With the last one a SIGINT meant for
     * the cell before may still be on its way and must have come and gone first. */
    FRAME_EXECUTE = 1,
    FRAME_READY = 2,  /* session → pool, empty: forked, confined, and has executed a no-op cell */
    FRAME_RESULT = 3, /* session → pool, JSON, see below */
};

// clang-format off
/* RESULT: {"id":u64,"ok":bool,"duration_us":u64,
 *          "value":any JSON,                    the value by the rules of session-pool-api.md 8.3, "" for none
 *          "outputs":[{mime:text|base64,…},…],  every mime bundle shown, images base64 (cap applied in the session too)
 *          "error":{"name":str,"value":str,"traceback":[str,…],    when !ok; traceback text is in stderr as well
 *                   "hint":str?},              one sentence where the session's nature is the cause (no network, no
 *                                              package index, nobody to ask); stderr ends with "Hint: …" too
 *          "hosts":[{"host":str,"port":str?,"count":u64},…]?,  whom the code named when it wanted to reach somebody: its own
 *          "hosts_more":u64?,                                  word; and how often one that has no room in the list
 *          "truncated":bool?}                   the session cut the value or the outputs
 * The id is a random number of the cell's: who has not been given the cell cannot answer it. */
// clang-format on

struct frame {
    enum frame_type type;
    struct bytes payload;
};

struct frame_head {
    enum frame_type type;
    size_t payload_size; /* bytes; at most FRAME_PAYLOAD_SIZE_MAX */
};

/* Reads the head alone, to decide about the payload before it is stored. TRUNCATED: wait for FRAME_HEAD_SIZE
 * bytes. MALFORMED: unknown type, non-zero reserved bytes, or a size over FRAME_PAYLOAD_SIZE_MAX: end the
 * session. */
STATUS_RESULT frame_head_parse(struct bytes in, struct frame_head *ret_head);
/* Reads one frame from the front of `in`. TRUNCATED: wait for more. MALFORMED or TOO_LARGE: end the session.
 * On OK
 * `*ret_size` is what to consume; the payload points into `in`. */
STATUS_RESULT frame_parse(struct bytes in, size_t payload_size_max, struct frame *ret_frame,
                          size_t *ret_size);
/* Appends a frame; check buf_status. */
void frame_write(struct buf *out, enum frame_type type, struct bytes payload);

#endif
