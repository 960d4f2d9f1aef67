/* SPDX-License-Identifier: MIT */
/* mcp_view.c — members are named one by one: what a later version of the API adds is not given out unseen. */
#include "svc/mcp/mcp_view.h"

#include "wire/json/json.h"

#include <string.h>

bool mcp_request_approved(const json_t *request)
{
    const char *state = json_member_text(request, "state");
    return state && strcmp(state, "approved") == 0;
}

json_t *mcp_request_view(const json_t *request)
{
    static const struct {
        const char *name;
        bool after_approval;
    } members[] = {
        {"id", false},        {"state", false},    {"stage", false}, {"purpose", false},
        {"createdAt", false}, {"revision", false}, {"error", false}, {"deadline", false},
        {"decision", false},  {"result", true},    {"files", true},
    };
    bool approved = mcp_request_approved(request);
    json_t *view = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        json_t *value = json_object_get(request, members[i].name);
        if (value && (approved || !members[i].after_approval))
            json_object_set(view, members[i].name, value);
    }
    return view;
}
