/* SPDX-License-Identifier: MIT */
/* files_download.c — GET /files/{name}/content and /files/content/{name}: the bytes of a file. A small file
 * is answered whole; a large one is read and sent in steps, as fast as the peer takes it. A file that changes
 * meanwhile breaks the answer off: half of one state and half of another is no file. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/limit_values.h"

#define CHUNK_SIZE ((size_t)256 << 10) /* bytes read at a time, and the most of a small file */

struct download {
    struct file_call base;
    int fd;
    struct file_info info;
    uint64_t sent;
    bool paused;
    struct buf chunk;
};

static void drop(struct file_call *call)
{
    struct download *download = CONTAINER_OF(call, struct download, base);
    if (download->fd >= 0)
        close(download->fd);
    download->fd = -1;
    buf_fini(&download->chunk);
}

/* True once it is known that the file is no longer what it was when it was opened. */
static bool changed(const struct download *download)
{
    struct stat st;
    if (fstat(download->fd, &st) < 0 || st.st_size < 0)
        return true;
    int64_t modified = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
    return (uint64_t)st.st_size != download->info.size || modified != download->info.modified_unix_ns;
}

/* Fills `chunk` with the next bytes; false at a fault or an early end. */
static bool read_chunk(struct download *download)
{
    size_t wanted = (size_t)MIN(download->info.size - download->sent, (uint64_t)CHUNK_SIZE);
    buf_clear(&download->chunk);
    if (buf_reserve(&download->chunk, MAX(wanted, (size_t)1)) != STATUS_OK)
        return false;
    while (download->chunk.size < wanted) {
        ssize_t n = pread(download->fd, download->chunk.data + download->chunk.size,
                          wanted - download->chunk.size, (off_t)(download->sent + download->chunk.size));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        download->chunk.size += (size_t)n;
    }
    download->sent += wanted;
    return true;
}

/* A session's file must never become part of our own pages: it is offered for saving, as what it says. */
static void add_headers(struct download *download)
{
    struct pool_call *call = download->base.call;
    CLEANUP(buf_fini) struct buf disposition = {0};
    buf_append_cstr(&disposition, "attachment; filename*=UTF-8''");
    percent_encode(&disposition, bytes_of_cstr(file_path_base(download->base.path)), NULL);
    if (buf_status(&disposition) == STATUS_OK)
        pool_call_header(call, "Content-Disposition", "%.*s", BYTES_FMT(buf_peek(&disposition)));
    pool_call_header(call, "Accept-Ranges", "none");
}

static void finish_stream(struct download *download, bool whole)
{
    struct http_request *request = download->base.call->request;
    file_call_end(&download->base);
    drop(&download->base);
    if (whole)
        http_stream_end(request);
    else
        http_stream_abort(request);
}

static void step(struct file_call *call)
{
    struct download *download = CONTAINER_OF(call, struct download, base);
    if (download->sent == download->info.size) {
        finish_stream(download, !changed(download));
        return;
    }
    if (!read_chunk(download)) {
        finish_stream(download, false);
        return;
    }
    download->paused =
        http_stream_write(call->call->request, buf_peek(&download->chunk)) > POOL_DOWNLOAD_QUEUE_SIZE_MAX;
    if (!download->paused)
        file_call_continue(call);
}

static void on_drain(void *context)
{
    struct download *download = context;
    if (!download->paused)
        return;
    download->paused = false;
    file_call_continue(&download->base);
}

static void answer_whole(struct download *download)
{
    struct pool_call *call = download->base.call;
    bool whole = read_chunk(download) && !changed(download);
    file_call_end(&download->base);
    if (whole)
        add_headers(download);
    if (whole)
        http_respond(call->request, 200, file_content_type(download->base.path), buf_peek(&download->chunk));
    else
        pool_call_fail(call, 409, "FileChanged", "The file changed while it was being read.");
    drop(&download->base);
}

static void run(struct file_call *call, int root_fd)
{
    struct download *download = CONTAINER_OF(call, struct download, base);
    struct err err = {0};
    enum status status = session_file_open(root_fd, call->path, &download->fd, &download->info, &err);
    if (status != STATUS_OK) {
        file_call_end(call);
        file_call_fail(call->call, status, &err);
        return;
    }
    if (download->info.size > POOL_DOWNLOAD_SIZE_MAX) {
        file_call_end(call);
        drop(call);
        pool_call_fail(call->call, 413, "FileTooLarge",
                       "A file of more than %llu bytes is not sent (limit pool-download-size-max).",
                       (unsigned long long)POOL_DOWNLOAD_SIZE_MAX);
        return;
    }
    if (download->info.size <= CHUNK_SIZE) {
        answer_whole(download);
        return;
    }
    call->streaming = true;
    add_headers(download);
    http_stream_begin(call->call->request, 200, file_content_type(call->path), on_drain, download);
    step(call);
}

void pool_handle_file_content(struct pool_call *call)
{
    struct download *download = arena_alloc(http_request_arena(call->request), sizeof *download);
    if (!download) {
        pool_call_fail_status(call, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    download->fd = -1;
    download->base = (struct file_call){.call = call, .run = run, .step = step, .drop = drop};
    if (file_call_path(call, call->name, &download->base.path))
        file_call_begin(&download->base);
}
