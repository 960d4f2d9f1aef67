/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the launcher.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_LAUNCHER_LIMIT_VALUES_H
#define SVC_LAUNCHER_LIMIT_VALUES_H

#define LAUNCHER_APPS_MAX    64   /* processes at a time, those that are ending included */
#define LAUNCHER_PATIENCE_MS 8000 /* from SIGTERM to SIGKILL */
/* Connections at a time into a container, and likewise out of it to ports of this machine. */
#define RELAY_CONNECTIONS_MAX 256

#endif
