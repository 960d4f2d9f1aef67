/* SPDX-License-Identifier: MIT */
/* pb_echo.c — the codec behind a pipe, for the tests in Python.
 * Reads frames [u32 message index][u32 size][bytes] from stdin, decodes, encodes what it decoded, and writes
 * [u32 status][u32 size][bytes] to stdout, all numbers little-endian. The index counts through the messages
 * of the orchestrator and the backend file; `--names` prints their full names in that order,
 * `--methods` the method table. */
#include <stdio.h>
#include <stdlib.h>

#include "wire/pb/backend_service.pb.h"
#include "wire/pb/orchestrator_service.pb.h"

#define FRAME_SIZE_MAX ((size_t)64 << 20) /* bytes */

static const struct {
    const struct pb_message *const *messages;
    size_t count;
} files[] = {
    {pb_orchestrator_service_messages, PB_ORCHESTRATOR_SERVICE_MESSAGES_COUNT},
    {pb_backend_service_messages, PB_BACKEND_SERVICE_MESSAGES_COUNT},
};

static const struct {
    const struct pb_method *methods;
    size_t count;
} services[] = {
    {pb_task_hub_sidecar_service_methods, PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT},
    {pb_backend_service_methods, PB_BACKEND_SERVICE_METHOD_COUNT},
};

static const struct pb_message *message_at(size_t index)
{
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (index < files[i].count)
            return files[i].messages[index];
        index -= files[i].count;
    }
    return NULL;
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void write_u32(uint32_t v)
{
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    fwrite(b, sizeof b, 1, stdout);
}

static void echo(const struct pb_message *m, struct bytes in, struct arena *a, struct buf *out)
{
    enum status st = STATUS_NO_MEMORY;
    void *message = arena_alloc(a, m->size);
    buf_clear(out);
    if (message)
        st = pb_decode(a, in, m, message);
    if (st == STATUS_OK) {
        size_t size = pb_size(m, message);
        pb_encode(m, message, out);
        st = buf_status(out);
        ASSERT(st != STATUS_OK || out->size == size);
    }
    write_u32((uint32_t)st);
    write_u32(st == STATUS_OK ? (uint32_t)out->size : 0);
    if (st == STATUS_OK && out->size)
        fwrite(out->data, out->size, 1, stdout);
    fflush(stdout);
}

static int serve(void)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(arena_fini) struct arena arena;
    uint8_t head[8];
    arena_init(&arena, 0);
    while (fread(head, sizeof head, 1, stdin) == 1) {
        const struct pb_message *m = message_at(load_u32(head));
        size_t size = load_u32(head + 4);
        if (!m || size > FRAME_SIZE_MAX)
            return 1;
        /* Exactly as large as the input, so that a sanitizer sees a read beyond it. */
        uint8_t *data = malloc(size ? size : 1);
        if (!data || (size && fread(data, size, 1, stdin) != 1)) {
            free(data);
            return 1;
        }
        echo(m, bytes_of(data, size), &arena, &out);
        free(data);
        arena_reset(&arena);
    }
    return ferror(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return serve();
    if (strcmp(argv[1], "--names") == 0) {
        for (size_t i = 0; message_at(i); i++)
            puts(message_at(i)->name);
        return 0;
    }
    if (strcmp(argv[1], "--methods") != 0)
        return 2;
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        for (size_t j = 0; j < services[i].count; j++) {
            const struct pb_method *m = &services[i].methods[j];
            printf("%s %d %d %s %s\n", m->path, m->client_streaming, m->server_streaming,
                   m->request ? m->request->name : "google.protobuf.Empty",
                   m->response ? m->response->name : "google.protobuf.Empty");
        }
    }
    return 0;
}
