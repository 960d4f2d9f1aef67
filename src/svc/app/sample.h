/* SPDX-License-Identifier: MIT */
/* sample.h — under `--compat sample`, the refusals of the two /code routes as the cloud sample's framework
 * (ASP.NET Core) words them (product.md 1.2). Only answers; the routes decide. */
#ifndef SVC_APP_SAMPLE_H
#define SVC_APP_SAMPLE_H

#include "svc/app/body.h"

/* One complaint: the member it is about ("" the body, "$" the JSON text) and what is wrong. */
struct sample_error {
    const char *field;
    const char *text;
};

/* 400, ASP.NET's ValidationProblemDetails: "errors" has one member for each error. */
void sample_refuse_fields(struct http_request *request, const struct sample_error *errors, size_t count);
/* A body that was not a JSON string: 400. */
void sample_refuse_body(struct http_request *request, const struct body_fault *fault);
/* The action's own refusal: 400 as text, or as a JSON string to a client that asks for JSON. */
void sample_refuse_blank(struct http_request *request, const char *text);
/* What the router refuses: another method, another media type. False: the framework has no words of its own. */
bool sample_write_error(int http_status, struct buf *ret_body, const char **ret_content_type);

#endif
