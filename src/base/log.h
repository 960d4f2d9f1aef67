/* SPDX-License-Identifier: MIT */
/* log.h — the logging interface: one key=value line per event, written by whoever installed the sink.
 * Floors 0-5 log at DEBUG only, but for net, which alone sees what an operator must know of a peer: it does so
 * through base/log_rate.h. Services log each failure once, where it is handled. User code, tokens and
 * payloads never appear in a line. The sink is installed before threads start and must itself be safe from
 * any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/macros.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

typedef void log_sink(enum log_level level, const char *area, const char *line);

/* NULL silences. Lines below `least` are not formatted. */
void log_install(log_sink *sink, enum log_level least);
/* Another least level from now on. Any thread. */
void log_set_least(enum log_level least);
/* `area` is a folder such as "svc/pool"; `fmt` makes "message key=value key=value". At most 1000 bytes are
 * kept. */
void log_write(enum log_level level, const char *area, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_debug(area, ...) log_write(LOG_LEVEL_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)  log_write(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_warn(area, ...)  log_write(LOG_LEVEL_WARN, area, __VA_ARGS__)
#define log_error(area, ...) log_write(LOG_LEVEL_ERROR, area, __VA_ARGS__)

#endif
