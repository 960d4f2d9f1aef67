/* SPDX-License-Identifier: MIT */
/* rows_common.h — arguments that many rows have. For the files with rows only. */
#ifndef CMD_AZ_ROWS_COMMON_H
#define CMD_AZ_ROWS_COMMON_H

#include "cmd/az/acts.h"

#define ARGUMENTS(...) ((const struct az_argument[]){__VA_ARGS__, {.names = NULL}})
#define NO_ARGUMENTS   ((const struct az_argument[]){{.names = NULL}})

#define NAME(what)                                                                                           \
    {                                                                                                        \
        .names = "--name -n", .required = true, .help = what                                                 \
    }
#define GROUP                                                                                                \
    {                                                                                                        \
        .names = "--resource-group -g", .required = true, .preset = "group", .help = "The resource group."   \
    }
#define GROUP_MAY                                                                                            \
    {                                                                                                        \
        .names = "--resource-group -g", .preset = "group", .help = "Only of this resource group."            \
    }
#define LOCATION                                                                                             \
    {                                                                                                        \
        .names = "--location -l", .member = "location", .preset = "location",                                \
        .help = "Any region's name, or local; without it that of the group."                                 \
    }
#define TAGS                                                                                                 \
    {                                                                                                        \
        .names = "--tags", .kind = AZ_PAIRS, .member = "tags",                                               \
        .help = "NAME=VALUE, with spaces between several; '' for none."                                      \
    }
#define YES                                                                                                  \
    {                                                                                                        \
        .names = "--yes -y", .kind = AZ_FLAG, .help = "Do not ask."                                          \
    }

#define IN_GROUP    "/subscriptions/{subscription}/resourceGroups/{resource-group}/providers/"
#define MAYBE_GROUP "/subscriptions/{subscription}[/resourceGroups/{resource-group}]/providers/"

#endif
