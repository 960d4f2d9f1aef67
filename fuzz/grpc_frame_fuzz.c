/* SPDX-License-Identifier: MIT */
/* grpc_frame_fuzz.c — gRPC framing and header values. The first byte says where the rest is cut in two; both
 * ways of feeding must give the same messages. Decoded header values are checked against their encoders. */
#include <stdint.h>
#include <string.h>

#include "wire/grpc/grpc_header.h"
#include "wire/grpc/grpc_message.h"

#define MESSAGE_SIZE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status read_all(struct bytes first, struct bytes second, struct buf *out)
{
    struct grpc_reader r = {.message_size_max = MESSAGE_SIZE_MAX};
    struct bytes parts[2] = {first, second};
    enum status s = STATUS_TRUNCATED;
    for (int i = 0; i < 2 && s == STATUS_TRUNCATED; i++) {
        struct grpc_message m;
        while ((s = grpc_reader_take(&r, &parts[i], &m)) == STATUS_OK) {
            ASSERT(m.data.size <= MESSAGE_SIZE_MAX);
            grpc_message_write(out, m.data);
            CLEANUP(buf_fini) struct buf plain = {0};
            if (m.compressed && grpc_gunzip(m.data, MESSAGE_SIZE_MAX, &plain) == STATUS_OK)
                ASSERT(plain.size <= MESSAGE_SIZE_MAX);
        }
    }
    grpc_reader_fini(&r);
    return s;
}

static void check_headers(struct bytes in)
{
    CLEANUP(buf_fini) struct buf encoded = {0};
    CLEANUP(buf_fini) struct buf decoded = {0};
    grpc_header_encode_message(&encoded, in);
    grpc_header_decode_message(&decoded, buf_peek(&encoded));
    ASSERT(bytes_equal(buf_peek(&decoded), in));
    buf_clear(&decoded);
    grpc_header_decode_message(&decoded, in);
    ASSERT(decoded.size <= in.size);

    int64_t ns;
    if (grpc_timeout_parse(in, &ns) == STATUS_OK) {
        char text[GRPC_TIMEOUT_TEXT_SIZE];
        int64_t again;
        grpc_timeout_format(ns, text);
        ASSERT(grpc_timeout_parse(bytes_of_cstr(text), &again) == STATUS_OK && again >= ns);
    }
    buf_clear(&decoded);
    if (grpc_metadata_decode(&decoded, in) == STATUS_OK)
        ASSERT(decoded.size <= in.size);
    (void)grpc_content_type_valid(in);
    (void)grpc_metadata_binary(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    size_t cut = MIN((size_t)data[0], in.size);
    CLEANUP(buf_fini) struct buf whole = {0};
    CLEANUP(buf_fini) struct buf parts = {0};
    enum status a = read_all(in, (struct bytes){0}, &whole);
    enum status b = read_all(bytes_slice(in, 0, cut), bytes_slice(in, cut, in.size), &parts);
    ASSERT(a == b && bytes_equal(buf_peek(&whole), buf_peek(&parts)));
    check_headers(in);
    return 0;
}
