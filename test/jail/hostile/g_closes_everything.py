# SPDX-License-Identifier: MIT
# group: G  outside:  end: any
# Closing every descriptor takes the control socket along: the session ends, or says nothing more.
os.closerange(0, 4096)
