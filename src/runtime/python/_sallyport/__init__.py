# SPDX-License-Identifier: MIT
"""The Python half of a session. The zygote carries these modules in its program and loads them from there."""
