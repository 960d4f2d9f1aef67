/* SPDX-License-Identifier: MIT */
/* input_drafts.c — one file after the other. */
#include "svc/app/input_drafts.h"

#include <stdlib.h>

bool input_drafts_take(struct input_drafts *drafts, struct app_service *service, struct inputs *inputs)
{
    drafts->inputs = *inputs;
    *inputs = (struct inputs){0};
    drafts->service = service;
    size_t count = drafts->inputs.count;
    if (count == 0)
        return true;
    if (drafts->inputs.size > APP_INPUTS_HELD_MAX - service->inputs_held)
        return false;
    service->inputs_held += drafts->inputs.size;
    drafts->held = drafts->inputs.size;
    drafts->drafts = calloc(count, sizeof *drafts->drafts);
    drafts->files = calloc(count, sizeof *drafts->files);
    for (size_t i = 0; drafts->drafts && i < count; i++)
        review_draft_begin(&drafts->drafts[i], review_store_blobs(service->review));
    return drafts->drafts && drafts->files;
}

static enum status write_one(struct input_drafts *drafts, size_t index, struct err *err)
{
    struct input_file *input = &drafts->inputs.files[index];
    struct review_draft *draft = &drafts->drafts[index];
    bool named = input->sha256[0] != '\0';
    drafts->files[index] = (struct review_file){
        .path = input->path, .draft = named ? NULL : draft, .sha256 = named ? input->sha256 : NULL};
    if (named || draft->sha256[0]) /* there is nothing to write, or it was written */
        return STATUS_OK;
    enum status status = review_draft_append(draft, buf_peek(&input->content), err);
    if (status == STATUS_OK)
        status = review_draft_finish(draft, err);
    buf_fini(&input->content);
    return status;
}

enum status input_drafts_write(struct input_drafts *drafts, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < drafts->inputs.count; i++)
        status = write_one(drafts, i, err);
    return status;
}

void input_drafts_fini(struct input_drafts *drafts)
{
    for (size_t i = 0; drafts->drafts && i < drafts->inputs.count; i++)
        review_draft_fini(&drafts->drafts[i]);
    free(drafts->drafts);
    free(drafts->files);
    inputs_fini(&drafts->inputs);
    if (drafts->service)
        drafts->service->inputs_held -= drafts->held;
    *drafts = (struct input_drafts){0};
}
