/* SPDX-License-Identifier: MIT */
/* event_streams.h — readers of a text/event-stream (HTML Living Standard, section 9.2): what all such streams have in common.
 *
 * How many there may be, how much one may leave unread, a comment in silence that keeps the way open, the end of all. What is sent
 * and from where a reader goes on is the owner's: a feed embeds `struct event_streams`, each of its readers a
 * `struct event_stream`. A reader that is full is sent nothing until its on_drain. Loop's thread. */
#ifndef NET_EVENT_STREAMS_H
#define NET_EVENT_STREAMS_H

#include "net/http_server.h"

struct event_streams_limits {
    size_t streams_max;    /* over it: 503 */
    size_t queue_size_max; /* bytes that a reader may leave unread before it is full */
    int64_t heartbeat_ns;  /* between two comments */
    const char *too_many;  /* what the 503 says */
};

struct event_streams {
    struct loop *loop;
    struct event_streams_limits limits;
    struct list open; /* struct event_stream */
    size_t count;
    struct loop_timer heartbeat;
    bool stopping;
    /* After each heartbeat. True: there is a next one even without readers. NULL: there is not. */
    bool (*on_beat)(struct event_streams *streams);
};

/* Zeroed but for its two functions. */
struct event_stream {
    struct list link;
    struct event_streams *streams;
    struct http_request *request; /* NULL: it is over */
    bool full;
    /* What it had not read has gone, and it is not full any more. */
    void (*on_drain)(struct event_stream *stream);
    /* The peer left, or event_streams_stop ended it. It may be freed. */
    void (*on_gone)(struct event_stream *stream);
};

void event_streams_init(struct event_streams *streams, struct loop *loop,
                        const struct event_streams_limits *limits);
/* Ends every stream (on_gone) and the heartbeat; later ones are refused. */
void event_streams_stop(struct event_streams *streams);
/* True if there is room for another reader; else the request is answered. */
bool event_streams_have_room(const struct event_streams *streams, struct http_request *request);
/* Begins the answer. False: there is no memory, the request is answered, and the stream is not open. */
bool event_stream_open(struct event_streams *streams, struct event_stream *stream,
                       struct http_request *request);
/* One frame or several, whole. Not to who is full. */
void event_stream_write(struct event_stream *stream, struct bytes frames);
/* In order, or so that the reader sees that something is missing. Without on_gone: the caller knows. */
void event_stream_end(struct event_stream *stream);
void event_stream_cut(struct event_stream *stream);
/* Behind which event the reader goes on: Last-Event-ID, or what the query has under `name`, for who cannot send a header. data
 * NULL: it says nothing. */
struct bytes event_stream_place(struct http_request *request, const char *name);

#endif
