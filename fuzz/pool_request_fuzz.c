/* SPDX-License-Identifier: MIT */
/* pool_request_fuzz.c — what a caller of the pool chooses: the path, a file's name, the body of an execute
 * call; the input is the three, split at the first two line feeds. And what a session's streams hold. */
#include "core/pool/file_path.h"
#include "svc/pool/http/execute_request.h"
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/session/output_capture.h"
#include "wire/http1/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_file(struct arena *arena, struct bytes directory, struct bytes name)
{
    const char *path;
    struct err e = {0};
    ASSERT(!file_path_foreign(name) || bytes_starts_with(name, BYTES_LITERAL("/")));
    if (file_path_join(arena, directory, name, &path, &e) != STATUS_OK)
        return;
    ASSERT(strlen(path) <= FILE_PATH_SIZE_MAX && path[0] != '/');
    ASSERT(strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && !strstr(path, "/../"));
    ASSERT(bytes_utf8_valid(bytes_of_cstr(path)));
    ASSERT(file_content_type(path));
}

static void try_output(struct bytes in, size_t head_max, size_t tail_max)
{
    struct output_capture c;
    CLEANUP(buf_fini) struct buf out = {0};
    output_capture_init(&c, head_max, tail_max);
    for (size_t at = 0; at < in.size; at += 7)
        ASSERT(output_capture_add(&c, bytes_slice(in, at, 7)) == STATUS_OK);
    output_capture_render(&c, &out);
    ASSERT(!out.failed && bytes_utf8_valid(buf_peek(&out)));
    ASSERT(tail_max || output_capture_lost(&c) == 0 || out.size <= head_max);
    output_capture_fini(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data, size);
    struct bytes path = bytes_split(&body, '\n');
    struct bytes name = bytes_split(&body, '\n');
    struct arena arena;
    struct execute_request request;
    struct err e = {0};
    arena_init(&arena, 0);
    struct pool_service service = {0};
    const struct http_part part = pool_service_part(&service, size & 1);
    struct http_match m = http_route_find(&part, 1, BYTES_LITERAL("GET"), path);
    if (m.route)
        try_file(&arena, name, uri_decode(&arena, m.values[0].data ? m.values[0] : BYTES_LITERAL(""), false));
    if (execute_request_parse(&arena, body, &request, &e) == STATUS_OK)
        ASSERT(request.code.data && bytes_utf8_valid(request.code) && request.timeout_s >= 0 &&
               request.output_size_max >= 0 && request.output_size_max <= INT32_MAX);
    arena_fini(&arena);
    try_output(bytes_of(data, size), 16, 16);
    try_output(bytes_of(data, size), 32, 0);
    return 0;
}
