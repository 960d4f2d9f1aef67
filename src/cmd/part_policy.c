/* SPDX-License-Identifier: MIT */
/* part_policy.c — the policy of the setting `policy`. ORDER: its file is read before the confinement, which may not see it, and looked
 * at before anything is started; it is applied by part_audit.c, where the book of requests is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cli/server.h"
#include "cmd/part.h"
#include "core/policy/policy_read.h"
#include "os/clock.h"
#include "store/review/policy_book.h"

#define AREA "cmd"

static const char *file_of(const struct server *server)
{
    const char *path = setting_text(server->settings, "policy");
    return path && *path ? path : NULL;
}

/* The text of the file, which must be a policy. */
static enum status read_file(const char *path, struct buf *ret_text, struct err *err)
{
    struct policy *policy = NULL;
    struct yaml_tree_fault fault = {0};
    if (strcmp(path, "-") == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "policy: name a file");
    if (!server_read_file(path, YAML_TREE_SIZE_MAX, ret_text))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "policy: %s cannot be read, or is longer than %zu bytes (limit yaml-tree-size-max)",
                       path, YAML_TREE_SIZE_MAX);
    enum status status = policy_read(buf_peek(ret_text), &policy, &fault);
    policy_destroy(policy);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (!fault.text[0])
        return err_set(err, status, "policy: %s: %s", path, status_name(status));
    if (fault.line == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "policy: %s: %s", path, fault.text);
    return err_set(err, STATUS_INVALID_ARGUMENT, "policy: %s:%d:%d: %s", path, fault.line, fault.column,
                   fault.text);
}

static enum status check(const struct server *server, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    const char *path = file_of(server);
    if (!path)
        return STATUS_OK;
    if (setting_text(server->settings, "compat"))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "policy: a server that answers as the sample does (--compat) knows no policy");
    return read_file(path, &text, err);
}

static enum status start(struct server *server, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    const char *path = file_of(server);
    if (!path)
        return STATUS_OK;
    if (!server->data_dir)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "policy: it is kept in the book of requests, which is in a data folder: name one with --data");
    enum status status = read_file(path, &text, err);
    if (status != STATUS_OK)
        return status;
    server->policy_text = strndup((const char *)text.data, text.size);
    return server->policy_text ? STATUS_OK : err_no_memory(err);
}

/* --- applying --- */

struct policy_job {
    struct review_job job;
    struct policy_draft draft;
    struct policy_applied applied;
    enum status status;
    struct err err;
};

static enum status perform(struct review_job *job, struct review_book *book, struct err *err)
{
    struct policy_job *own = CONTAINER_OF(job, struct policy_job, job);
    json_decref(own->applied.version); /* of the try before */
    own->applied.version = NULL;
    return policy_book_apply(book, &own->draft, clock_unix_ns(), &own->applied, err);
}

static void on_done(struct review_job *job, enum status status, const struct err *err)
{
    struct policy_job *own = CONTAINER_OF(job, struct policy_job, job);
    own->status = status;
    own->err = *err;
}

static void tell(const struct server *server, const struct policy_applied *applied)
{
    json_int_t version = json_integer_value(json_object_get(applied->version, "version"));
    if (applied->outcome == POLICY_APPLY_DONE)
        log_info(AREA, "policy applied version=%lld file=\"%.200s\"", (long long)version, file_of(server));
}

enum status part_policy_apply(struct server *server, struct err *err)
{
    if (!server->policy_text)
        return STATUS_OK;
    struct policy_job own = {
        .job = {.perform = perform, .on_done = on_done},
        .draft = {.by = {AUDIT_SERVER_ID, AUDIT_SERVER_NAME, "server"},
                  .via = "file",
                  .text = bytes_of_cstr(server->policy_text),
                  .replaces = POLICY_ANY_VERSION},
    };
    review_store_run(server->review, &own.job);
    review_store_settle(server->review);
    if (own.status != STATUS_OK)
        *err = own.err;
    else if (own.applied.outcome == POLICY_APPLY_REFUSED)
        own.status = err_set(err, STATUS_INVALID_ARGUMENT, "policy: %s", own.applied.fault.text);
    else
        tell(server, &own.applied);
    json_decref(own.applied.version);
    return own.status;
}

static void destroy(struct server *server)
{
    free(server->policy_text);
    server->policy_text = NULL;
}

const struct part part_policy = {
    .name = "policy",
    .commands = COMMAND_DEV | COMMAND_APP,
    .check = check,
    .start = start,
    .destroy = destroy,
};
