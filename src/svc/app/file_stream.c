/* SPDX-License-Identifier: MIT */
/* file_stream.c — read, write, and again. */
#include "svc/app/file_stream.h"

static struct file_stream *stream_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct file_stream, base.base);
}

void file_stream_fini(struct file_stream *stream)
{
    blob_reader_fini(&stream->reader);
}

/* The next piece; behind the last one of a whole file, whether it was that file. */
static enum status read_piece(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return blob_reader_next(&CONTAINER_OF(exchange, struct file_stream, base)->reader, err);
}

/* --- on the loop --- */

static void on_piece(struct exchange *exchange);

static void next_piece(struct file_stream *stream)
{
    book_exchange_act_beside(&stream->base, read_piece, on_piece);
}

static void on_drain(void *context)
{
    struct file_stream *stream = context;
    bool goes_on = stream->full && !stream->base.base.calling;
    stream->full = false;
    if (goes_on)
        next_piece(stream);
}

/* What is small is one answer. */
static void answer_whole(struct file_stream *stream)
{
    struct exchange *exchange = &stream->base.base;
    struct http_request *request = exchange->request;
    http_respond(request, stream->http_status, stream->content_type, buf_peek(&stream->reader.piece));
    exchange->request = NULL;
    exchange_leave(exchange);
}

static void end(struct file_stream *stream, bool whole)
{
    struct exchange *exchange = &stream->base.base;
    struct http_request *request = exchange->request;
    exchange_leave(exchange); /* it is gone */
    if (whole)
        http_stream_end(request);
    else
        http_stream_abort(request);
}

static void write_piece(struct file_stream *stream)
{
    struct exchange *exchange = &stream->base.base;
    bool last = blob_reader_at_end(&stream->reader);
    if (!stream->begun && last) {
        answer_whole(stream);
        return;
    }
    if (!stream->begun)
        http_stream_begin(exchange->request, stream->http_status, stream->content_type, on_drain, stream);
    stream->begun = exchange->streams = true;
    stream->full =
        http_stream_write(exchange->request, buf_peek(&stream->reader.piece)) > APP_FILE_PIECE_SIZE;
    if (last)
        end(stream, true);
    else if (!stream->full)
        next_piece(stream);
}

static void on_piece(struct exchange *exchange)
{
    struct file_stream *stream = stream_of(exchange);
    if (exchange->status == DT_OK)
        write_piece(stream);
    else if (stream->begun)
        end(stream, false);
    else if (exchange->status == DT_NOT_FOUND)
        exchange_answer_problem(exchange, http_problem_of_status(500),
                                "The file is not what it was when it was stored.");
    else
        exchange_answer_failure(exchange);
}

void file_stream_begin(struct file_stream *stream)
{
    if (blob_reader_begin(&stream->reader, NULL) != STATUS_OK)
        exchange_answer_no_memory(&stream->base.base);
    else
        next_piece(stream);
}
