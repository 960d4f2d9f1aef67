/* SPDX-License-Identifier: MIT */
/* files_download.c — GET /files/{name}/content and /files/content/{name}: the bytes of a file. A small file
 * is answered whole; a large one is read and sent in steps, as fast as the peer takes it. A file that changes
 * meanwhile breaks the answer off: half of one state and half of another is no file. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "svc/pool/http/pool_service_internal.h"

#define CHUNK_SIZE        ((size_t)256 << 10) /* bytes read at a time, and the most of a small file */
#define QUEUE_SIZE_MAX    ((size_t)1 << 20)   /* bytes waiting for the peer before reading pauses */
#define DOWNLOAD_SIZE_MAX ((uint64_t)1 << 30) /* bytes; a sparse file costs the session nothing */

struct download {
    struct file_call base;
    int fd;
    struct file_info info;
    uint64_t sent;
    bool paused;
    struct buf chunk;
};

static void drop(struct file_call *f)
{
    struct download *d = CONTAINER_OF(f, struct download, base);
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    buf_fini(&d->chunk);
}

/* True once it is known that the file is no longer what it was when it was opened. */
static bool changed(const struct download *d)
{
    struct stat st;
    if (fstat(d->fd, &st) < 0 || st.st_size < 0)
        return true;
    int64_t modified = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return (uint64_t)st.st_size != d->info.size || modified != d->info.modified_unix_ns;
}

/* Fills `chunk` with the next bytes; false at a fault or an early end. */
static bool read_chunk(struct download *d)
{
    size_t wanted = (size_t)MIN(d->info.size - d->sent, (uint64_t)CHUNK_SIZE);
    buf_clear(&d->chunk);
    if (buf_reserve(&d->chunk, MAX(wanted, (size_t)1)) != STATUS_OK)
        return false;
    while (d->chunk.size < wanted) {
        ssize_t n = pread(d->fd, d->chunk.data + d->chunk.size, wanted - d->chunk.size,
                          (off_t)(d->sent + d->chunk.size));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        d->chunk.size += (size_t)n;
    }
    d->sent += wanted;
    return true;
}

/* A session's file must never become part of our own pages: it is offered for saving, as what it says. */
static void add_headers(struct download *d)
{
    struct pool_call *c = d->base.call;
    CLEANUP(buf_fini) struct buf disposition = {0};
    buf_append_cstr(&disposition, "attachment; filename*=UTF-8''");
    percent_encode(&disposition, bytes_of_cstr(file_path_base(d->base.path)), NULL);
    if (buf_status(&disposition) == STATUS_OK)
        pool_call_header(c, "Content-Disposition", "%.*s", BYTES_FMT(buf_peek(&disposition)));
    pool_call_header(c, "Accept-Ranges", "none");
}

static void finish_stream(struct download *d, bool whole)
{
    struct http_request *r = d->base.call->request;
    file_call_end(&d->base);
    drop(&d->base);
    if (whole)
        http_stream_end(r);
    else
        http_stream_abort(r);
}

static void step(struct file_call *f)
{
    struct download *d = CONTAINER_OF(f, struct download, base);
    if (d->sent == d->info.size) {
        finish_stream(d, !changed(d));
        return;
    }
    if (!read_chunk(d)) {
        finish_stream(d, false);
        return;
    }
    d->paused = http_stream_write(f->call->request, buf_peek(&d->chunk)) > QUEUE_SIZE_MAX;
    if (!d->paused)
        file_call_continue(f);
}

static void on_drain(void *context)
{
    struct download *d = context;
    if (!d->paused)
        return;
    d->paused = false;
    file_call_continue(&d->base);
}

static void answer_whole(struct download *d)
{
    struct pool_call *c = d->base.call;
    bool whole = read_chunk(d) && !changed(d);
    file_call_end(&d->base);
    if (whole)
        add_headers(d);
    if (whole)
        http_respond(c->request, 200, file_content_type(d->base.path), buf_peek(&d->chunk));
    else
        pool_call_fail(c, 409, "FileChanged", "The file changed while it was being read.");
    drop(&d->base);
}

static void run(struct file_call *f, int root_fd)
{
    struct download *d = CONTAINER_OF(f, struct download, base);
    struct err e = {0};
    enum status s = session_file_open(root_fd, f->path, &d->fd, &d->info, &e);
    if (s != STATUS_OK) {
        file_call_end(f);
        file_call_fail(f->call, s, &e);
        return;
    }
    if (d->info.size > DOWNLOAD_SIZE_MAX) {
        file_call_end(f);
        drop(f);
        pool_call_fail(f->call, 413, "FileTooLarge", "A file of more than %llu bytes is not sent.",
                       (unsigned long long)DOWNLOAD_SIZE_MAX);
        return;
    }
    if (d->info.size <= CHUNK_SIZE) {
        answer_whole(d);
        return;
    }
    f->streaming = true;
    add_headers(d);
    http_stream_begin(f->call->request, 200, file_content_type(f->path), on_drain, d);
    step(f);
}

void pool_handle_file_content(struct pool_call *c)
{
    struct download *d = arena_alloc(http_request_arena(c->request), sizeof *d);
    if (!d) {
        pool_call_fail_status(c, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    d->fd = -1;
    d->base = (struct file_call){.call = c, .run = run, .step = step, .drop = drop};
    if (file_call_path(c, c->name, &d->base.path))
        file_call_begin(&d->base);
}
