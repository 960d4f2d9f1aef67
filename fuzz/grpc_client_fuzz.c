/* SPDX-License-Identifier: MIT */
/* grpc_client_fuzz.c — arbitrary bytes from a server into a client with three calls, one of them cancelled on
 * its first message. Whatever comes, each call ends exactly once. The first byte: bit 0, cut the input in
 * two. */
#include <stdint.h>

#include "net/grpc_client.h"

#define CALLS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    struct grpc_client *client;
    struct grpc_client_call *call;
    bool cancel;
    int done;
};

static void on_message(void *context, struct bytes message)
{
    struct outcome *o = context;
    ASSERT(!o->done && message.size <= 4096);
    if (o->cancel)
        grpc_client_cancel(o->client, o->call);
}

static void on_done(void *context, enum status status, const char *text)
{
    ((struct outcome *)context)->done++;
    ASSERT(text);
}

static bool exchange(struct grpc_client *c, struct bytes in)
{
    CLEANUP(buf_fini) struct buf out = {0};
    return (in.size == 0 || grpc_client_receive(c, in, NULL) == STATUS_OK) &&
           grpc_client_output(c, &out, NULL) == STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct grpc_client_options options = {.authority = "localhost", .response_size_max = 4096};
    struct grpc_client *c = NULL;
    ASSERT(grpc_client_create(&options, &c, NULL) == STATUS_OK);
    struct outcome outcomes[CALLS] = {{0}};
    for (int i = 0; i < CALLS; i++) {
        struct outcome *o = &outcomes[i];
        *o = (struct outcome){.client = c, .cancel = i == 1};
        const struct grpc_call_options call = {
            .path = "/x", .on_message = on_message, .on_done = on_done, .context = o};
        ASSERT(grpc_client_start(c, &call, BYTES_LITERAL("request"), &o->call, NULL) == STATUS_OK);
    }
    struct bytes in = bytes_of(data + 1, size - 1);
    size_t cut = data[0] & 1 ? in.size / 2 : in.size;
    if (exchange(c, (struct bytes){0}) && exchange(c, bytes_slice(in, 0, cut)))
        (void)exchange(c, bytes_slice(in, cut, in.size));
    grpc_client_destroy(c);
    for (int i = 0; i < CALLS; i++)
        ASSERT(outcomes[i].done == 1);
    return 0;
}
