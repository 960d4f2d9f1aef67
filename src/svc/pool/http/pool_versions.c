/* SPDX-License-Identifier: MIT */
/* pool_versions.c — the versions of the contract (session-pool-api.md section 1.1): which a call asks for, and by which rules it is
 * answered. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"

static const struct {
    const char *version;
    enum api_generation generation;
} versions[] = {
    {"2023-08-01-preview", API_LEGACY},       {"2024-02-02-preview", API_LEGACY},
    {"2024-08-02-preview", API_LEGACY},       {"2024-09-01", API_LEGACY},
    {"2024-10-02-preview", API_CURRENT_2024}, {"2025-02-02-preview", API_CURRENT_2025},
    {"2025-10-02-preview", API_CURRENT_2025},
};

void pool_versions_text(char *ret_text, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        at += (size_t)snprintf(ret_text + at, size - at, "%s%s", i ? ", " : "", versions[i].version);
    ASSERT(at < size);
}

static bool looks_like_date(struct bytes bytes)
{
    static const char shape[] = "dddd-dd-dd";
    if (bytes.size < strlen(shape) || bytes.size > 32)
        return false;
    for (size_t i = 0; i < strlen(shape); i++)
        if (shape[i] == 'd' ? bytes.data[i] < '0' || bytes.data[i] > '9' : bytes.data[i] != '-')
            return false;
    return true;
}

static bool find_version(struct pool_call *call)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        if (bytes_equal_nocase(call->version, bytes_of_cstr(versions[i].version))) {
            call->generation = versions[i].generation;
            return true;
        }
    }
    if (!call->service->options.lenient_versions || !looks_like_date(call->version))
        return false;
    /* An unknown date behaves as the latest known one before it. */
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        if (bytes_compare(bytes_slice(call->version, 0, 10),
                          bytes_slice(bytes_of_cstr(versions[i].version), 0, 10)) >= 0)
            call->generation = versions[i].generation;
    return true;
}

bool pool_versions_take(struct pool_call *call)
{
    call->version = pool_call_query(call, "api-version");
    if (call->version.size && find_version(call))
        return true;
    pool_call_fail(call, 400, "InvalidApiVersion", "%s Supported: %s.",
                   call->version.size
                       ? "The query parameter 'api-version' is not a version that this pool knows."
                       : "The query parameter 'api-version' is required.",
                   call->service->versions);
    return false;
}
