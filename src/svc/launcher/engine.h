/* SPDX-License-Identifier: MIT */
/* engine.h — starts container apps of other images, by the container engine that the operator has named.
 * A process beside the server, as the launcher (launcher.h), with the same messages; but it keeps the rights of whoever started
 * the server, since engines want them. So it takes nothing but descriptions that hold against one table
 * (wire/container_launch.h), builds every command line itself (engine_command.h), and is there only where an operator asked for
 * it. Each container has a supervisor, a child: it starts, joins to this machine's network (engine_network.h), ends and removes
 * it, also when this process or the server is killed. What is left of an earlier server on the same data is removed at the start. */
#ifndef SVC_LAUNCHER_ENGINE_H
#define SVC_LAUNCHER_ENGINE_H

/* Serves the server at the other end of `fd` until it closes; then ends the containers. The body of the command `sallyport
 * containers SETTINGS`; `settings` as engine_settings_read has them, and cut by it. Returns the exit status. */
int engine_main(int fd, char *settings);

#endif
