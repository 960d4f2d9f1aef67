/* SPDX-License-Identifier: MIT */
/* inputs.h — the input files of a submission, read out of a JSON body or a form, with every name checked as the pool will check it
 * and, since people decide by names, without characters that do not show. Pure. */
#ifndef SVC_APP_INPUTS_H
#define SVC_APP_INPUTS_H

#include <jansson.h>

#include "base/buf.h"
#include "crypto/secret.h"
#include "wire/http1/multipart.h"

#define INPUTS_REQUEST_PART                                                                                  \
    "request"                   /* of a form: the JSON body; every other part with a file name is an input */
#define INPUTS_CODE_PART "code" /* … but for this one, which may stand for the member of that name */

struct input_file {
    char *path;                        /* below /mnt/data */
    struct buf content;                /* empty where there is a … */
    char sha256[SECRET_HASH_SIZE + 1]; /* … hash of bytes that the request has had; "": there is none */
};

struct inputs {
    struct input_file *files;
    size_t count;
    size_t size;       /* bytes of all contents */
    size_t names_size; /* bytes of all paths */
    /* Why they cannot be taken; http_status 0: they can. */
    int http_status;
    char refusal[300];
};

/* What may be taken. */
struct input_rules {
    size_t size_max; /* bytes of all together */
    bool by_hash;    /* a file may be named by "sha256" instead of its content */
};

/* Adds the member "files" of a JSON body: [{"path","content"}], the content in base64. False: see `refusal`. Starts from zeroed
 * inputs, which are to be released in any case. */
bool inputs_take_json(struct inputs *inputs, const json_t *files, const struct input_rules *rules);
/* The same of the parts of a form. */
bool inputs_take_form(struct inputs *inputs, const struct multipart_part *parts, size_t count,
                      const struct input_rules *rules);
void inputs_fini(struct inputs *inputs);

#endif
