/* SPDX-License-Identifier: MIT */
/* world_rig.c — see the header. */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "lib/world_rig.h"

static const char *variable(void *context, const char *name)
{
    struct world_rig *rig = context;
    for (int i = 0; rig->variables[i]; i += 2)
        if (strcmp(rig->variables[i], name) == 0)
            return rig->variables[i + 1];
    return NULL;
}

static int64_t unix_ns(void *context)
{
    struct world_rig *rig = context;
    return atomic_load(&rig->now_ns);
}

static uint64_t number(void *context)
{
    (void)context;
    return 4; /* chosen by fair dice roll would not repeat */
}

static enum status answer(struct world_rig *rig, const struct rig_answer **ret_answer)
{
    int at = atomic_load(&rig->asked) - 1;
    *ret_answer = &rig->answers[MIN(at, rig->answer_count - 1)];
    return (*ret_answer)->status;
}

static enum status ask(void *context, const struct world_request *request, struct world_reply *ret_reply,
                       struct err *err)
{
    struct world_rig *rig = context;
    char *text = rig->requests[atomic_fetch_add(&rig->asked, 1) % 16];
    bool post = request->form.data != NULL;
    snprintf(text, sizeof rig->requests[0], "%s %s | %.*s", post ? "POST" : "GET", request->url,
             BYTES_FMT(post ? request->form : bytes_of_cstr(request->header)));
    const struct rig_answer *given;
    enum status status = answer(rig, &given);
    if (status != STATUS_OK)
        return err_set(err, status, "the rig does not answer");
    ret_reply->http_status = given->http_status;
    ret_reply->wait_ns = given->wait_ns;
    buf_append_cstr(&ret_reply->body, given->body ? given->body : "");
    return STATUS_OK;
}

static enum status run(void *context, const char *const *arguments, int64_t timeout_ns,
                       struct buf *ret_output, struct err *err)
{
    (void)timeout_ns;
    struct world_rig *rig = context;
    char *text = rig->requests[atomic_fetch_add(&rig->asked, 1) % 16];
    snprintf(text, sizeof rig->requests[0], "RUN");
    for (; *arguments; arguments++) {
        size_t size = strlen(text);
        snprintf(text + size, sizeof rig->requests[0] - size, " %s", *arguments);
    }
    const struct rig_answer *given;
    enum status status = answer(rig, &given);
    buf_append_cstr(ret_output, given->body ? given->body : "");
    return status == STATUS_OK ? status : err_set(err, status, "the rig does not run it");
}

static bool rest(void *context, int64_t ns)
{
    struct world_rig *rig = context;
    rig->paused++;
    atomic_fetch_add(&rig->now_ns, ns);
    return true;
}

void world_rig_init(struct world_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->now_ns = RIG_NOW_NS;
    rig->world = (struct credential_world){.variable = variable,
                                           .unix_ns = unix_ns,
                                           .random = number,
                                           .ask = ask,
                                           .run = run,
                                           .pause = rest,
                                           .context = rig};
}
