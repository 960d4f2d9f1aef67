/* SPDX-License-Identifier: MIT */
/* azure.h — durabletask_azure.h for our own programs, which may have a helper. */
#ifndef CREDENTIAL_AZURE_H
#define CREDENTIAL_AZURE_H

#include "credential/az_helper.h"
#include "durabletask_azure.h"

/* As dt_azure_credential_create. `helper` (NULL: none) runs `az`; it must live as long as the credential. */
DT_MUST_USE enum dt_status azure_credential_create(const struct dt_azure_options *options,
                                                   struct az_helper *helper,
                                                   struct dt_azure_credential **ret_credential,
                                                   struct dt_error *error);

#endif
