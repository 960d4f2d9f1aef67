/* SPDX-License-Identifier: MIT */
/* stall.c — the tokens whose leases ran out: on the stream's list, and in the engine's map for who answers late. */
#include "core/task/stall.h"

#include "core/task/queue.h"
#include "core/task/worker_note.h"

void stall_forget(struct engine *engine, struct stream *stream)
{
    struct list *link;
    while ((link = list_pop_front(&stream->lost))) {
        struct lost_delivery *lost = CONTAINER_OF(link, struct lost_delivery, link);
        map_take(&engine->lost, bytes_of(lost->token, TOKEN_SIZE));
        free(lost);
    }
}

void stall_begin(struct engine *engine, struct stream *stream, const char *token)
{
    struct lost_delivery *lost = memory_new(sizeof *lost);
    lost->stream = stream;
    memcpy(lost->token, token, TOKEN_SIZE);
    list_push_back(&stream->lost, &lost->link);
    memory_must_ok(map_put(&engine->lost, bytes_of(lost->token, TOKEN_SIZE), lost));
    if (!stream->stalled) /* one line for a worker that hangs, not one for each lease */
        worker_note_stalled(engine, stream);
    stream->stalled = true;
}

void stall_end(struct engine *engine, struct stream *stream)
{
    if (!stream->stalled)
        return;
    stream->stalled = false;
    stall_forget(engine, stream); /* one sign of life is enough */
    queue_stir(engine, stream->hub);
}
